import { findPeer } from '../../directory/peers.ts';
import { readSeatRecord, updateSeatRecord } from '../../directory/seat-record.ts';
import { verdictOf } from '../../directory/trust.ts';
import { isoMillis } from '../../lib/clock.ts';
import { livenessOf, thisProcess } from '../../lib/process-identity.ts';
import { markAnswered } from '../../mail/answered.ts';
import { awaitedAnswers } from '../../mailbox/awaited-answers.ts';
import type { ClaimedMessage, PendingMessage } from '../../mailbox/inbox.ts';
import { readJournalTail } from '../../mailbox/journal-tail.ts';
import { recordState } from '../../mailbox/receipts.ts';
import { ignoreStorageFault, unlessMailboxFails } from '../../mailbox/storage-fault.ts';
import type { MessageId } from '../../protocol/ids.ts';
import type { Message } from '../../protocol/message.ts';
import { mailContext } from '../client-context.ts';
import type { OpenSeat } from '../seats/open-seat.ts';
import { waitForMail } from './mail-wait.ts';

/** Two that answer each other's pings with pings that name no ping, as v1's do, would never stop. */
const PING_PAUSE_MS = 60_000;
const RECENT_ENTRIES = 200;

export interface NextMessageWait {
  /** Infinity waits until there is one. */
  readonly waitMs: number;
  readonly signal: AbortSignal;
}

/**
 * Takes the next message of a seat for this process, waiting for one when there is none; undefined when the time is up.
 *
 * Of all processes that wait on a seat one gets each message. Left alone are answers that a living process of this seat
 * waits for; messages of blocked peers are refused. A ping is answered. Rejects with `cancelled` when the signal aborts,
 * and with `seat-held` once a session sits on the seat.
 */
export async function nextMessage(
  seat: OpenSeat,
  { waitMs, signal }: NextMessageWait,
): Promise<ClaimedMessage | undefined> {
  const untold = new Set<MessageId>();
  const claimed = await waitForMail(seat, { look: () => claimNext(seat, untold), waitMs, signal });
  if (claimed === undefined) return undefined;
  const { message } = claimed;
  try {
    unlessMailboxFails(() => markAnswered({ ...mailContext(seat.context), folder: seat.folder }, message));
    unlessMailboxFails(() => answerPing(seat, message));
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

/** `untold` are messages whose refusal their senders could not be told: they wait, and keep the rest from nobody. */
function claimNext(seat: OpenSeat, untold: Set<MessageId>): ClaimedMessage | undefined {
  seat.requireNotHeld();
  const awaited = awaitedAnswers(seat.folder);
  for (const pending of seat.inbox.pending()) {
    if (pending.type === 'response' && pending.inReplyTo !== null && awaited.has(pending.inReplyTo)) continue;
    if (untold.has(pending.id)) continue;
    const claimed = seat.inbox.claim(pending.id);
    if (claimed === undefined) continue;
    const reason = refusal(seat, pending);
    if (reason === undefined) return claimed;
    if (!refuse(seat, claimed, reason)) untold.add(pending.id);
  }
  return undefined;
}

function refusal(seat: OpenSeat, { from, type }: PendingMessage): string | undefined {
  const { id: receiver } = seat.folder;
  if (type === 'notice') return from === receiver ? undefined : 'a notice comes from the own seat only';
  if (from === receiver) return 'a seat does not write to itself';
  const verdict = verdictOf(seat.context.config.root, { sender: from, receiver });
  return verdict === 'blocked' ? 'the receiver has blocked this peer' : undefined;
}

/**
 * Ends a claimed message for good, with a reason that its sender is told before. Gives it back, and returns false, when
 * that cannot be told now, as on a full disk.
 */
function refuse(seat: OpenSeat, claimed: ClaimedMessage, reason: string): boolean {
  const { config, clock } = seat.context;
  const record = { state: 'refused', at: isoMillis(clock.now()), by: seat.folder.id, reason } as const;
  let isTold = false;
  unlessMailboxFails(() => {
    recordState(config.root, claimed.message, record);
    isTold = true;
  });
  if (isTold) seat.inbox.reject(claimed, reason);
  else seat.inbox.release(claimed, { maybeSeen: false });
  return isTold;
}

/** A ping is answered with a ping, unless it answers one or this seat has just sent one. */
function answerPing(seat: OpenSeat, { id, type, from, inReplyTo }: Message): void {
  if (type !== 'ping' || inReplyTo !== null) return;
  const { config, clock } = seat.context;
  const hasJustSent = readJournalTail(config.root, RECENT_ENTRIES).some(
    (entry) =>
      entry.type === 'ping' &&
      entry.from === seat.folder.id &&
      entry.to === from &&
      clock.now() - Date.parse(entry.at) < PING_PAUSE_MS,
  );
  const peer = findPeer(config.root, from, clock.now());
  if (hasJustSent || peer === undefined) return;
  seat.correspondent.send(peer, { type: 'ping', content: 'connected', inReplyTo: id });
}
