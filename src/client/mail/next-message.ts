import { readSeatRecord, updateSeatRecord } from '../../directory/seat-record.ts';
import { livenessOf, thisProcess } from '../../lib/process-identity.ts';
import { markAnswered } from '../../mail/answered.ts';
import { answerPing } from '../../mail/ping.ts';
import { awaitedAnswers } from '../../mailbox/awaited-answers.ts';
import type { ClaimedMessage } from '../../mailbox/inbox.ts';
import { ignoreStorageFault, unlessMailboxFails } from '../../mailbox/storage-fault.ts';
import { mailContext } from '../client-context.ts';
import type { OpenSeat } from '../seats/open-seat.ts';
import { waitForMail } from './mail-wait.ts';

export interface NextMessageWait {
  /** Infinity waits until there is one. */
  readonly waitMs: number;
  readonly signal: AbortSignal;
}

/**
 * Takes the next message of a seat for this process, waiting for one when there is none; undefined when the time is up.
 *
 * Of all processes that wait on a seat one gets each message. Left alone are answers that a living process of this seat
 * waits for; what breaks the rules of mail is refused. A ping is answered. Rejects with `cancelled` when the signal aborts,
 * and with `seat-held` once a session sits on the seat.
 */
export async function nextMessage(
  seat: OpenSeat,
  { waitMs, signal }: NextMessageWait,
): Promise<ClaimedMessage | undefined> {
  const claimed = await waitForMail(seat, { look: () => claimNext(seat), waitMs, signal });
  if (claimed === undefined) return undefined;
  const { message } = claimed;
  try {
    const context = { ...mailContext(seat.context), folder: seat.folder };
    const { correspondent } = seat;
    unlessMailboxFails(() => markAnswered(seat, message));
    if (message.type === 'ping')
      unlessMailboxFails(() => answerPing(context, { ping: message, correspondent }));
  } catch (error) {
    seat.inbox.release(claimed, { maybeSeen: false });
    throw error;
  }
  return claimed;
}

/**
 * Runs `work` while peers see that this process listens on a shell seat. Of several listeners the last one to begin is
 * shown; the seat of a session is left as its attendant describes it.
 */
export async function whileListening<T>(seat: OpenSeat, work: () => Promise<T>): Promise<T> {
  const { root } = seat.context.config;
  const self = thisProcess();
  if (seat.record.kind !== 'shell') return await work();
  await updateSeatRecord(root, seat.folder, { holder: self }).catch(ignoreStorageFault);
  try {
    return await work();
  } finally {
    const holder = readSeatRecord(seat.folder)?.holder;
    const isShown = holder?.pid === self.pid && holder.start === self.start;
    if (isShown || (holder && livenessOf(holder) === 'dead')) {
      await updateSeatRecord(root, seat.folder, { holder: null }).catch(ignoreStorageFault);
    }
  }
}

function claimNext(seat: OpenSeat): ClaimedMessage | undefined {
  seat.requireNotHeld();
  const awaited = awaitedAnswers(seat.folder);
  for (const pending of seat.reception.look().eligible) {
    if (pending.type === 'response' && pending.inReplyTo !== null && awaited.has(pending.inReplyTo)) continue;
    const claimed = seat.inbox.claim(pending.id);
    if (claimed !== undefined) return { ...claimed, message: seat.reception.asTold(claimed.message) };
  }
  return undefined;
}
