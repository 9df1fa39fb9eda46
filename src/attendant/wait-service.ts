import { findPeer } from '../directory/peers.ts';
import type { Clock } from '../lib/clock.ts';
import { findSent } from '../mailbox/find-message.ts';
import type { PendingMessage } from '../mailbox/inbox.ts';
import { statesOf } from '../mailbox/receipts.ts';
import type { SeatFolder } from '../mailbox/seat-folder.ts';
import type { MessageId } from '../protocol/ids.ts';
import type { Message } from '../protocol/message.ts';
import { currentState, FINAL_STATES } from '../protocol/receipt.ts';
import type { MailDesk } from './mail-desk.ts';
import type { Wait, Waits } from './waits.ts';

export interface ServeRequest {
  readonly eligible: readonly PendingMessage[];
  readonly onOffered: (message: Message) => void;
  /** Reads a message without taking it. */
  readonly read: (id: MessageId) => Message;
}

/**
 * Gives mail to tool calls that wait for it, and returns what is left.
 *
 * A response ends the call that asked. A query ends any call that waits, also one that asks: two sessions that ask each
 * other would otherwise wait for each other. A note ends a listening call only.
 */
export function serveWaits(
  waits: Waits,
  desk: MailDesk,
  { eligible, onOffered, read }: ServeRequest,
): PendingMessage[] {
  const left: PendingMessage[] = [];
  for (const message of eligible) {
    const wait = waitFor(waits, desk, message);
    if (wait?.isMain === false) {
      // A subagent gets the answer's text; the message itself is for the main conversation, where it can be proved.
      wait.finish({ kind: 'copy', message: read(message.id) });
      left.push(message);
      continue;
    }
    const mail =
      wait === undefined ? undefined : desk.take([message], wait.kind === 'listen' ? 'listen' : 'tool');
    if (wait === undefined || mail === undefined) {
      left.push(message);
      continue;
    }
    mail.confirm();
    for (const taken of mail.messages) onOffered(taken);
    wait.finish({ kind: 'mail', mail });
  }
  return left;
}

/** Ends the waits of asks whose message was refused, held or has expired: no answer comes by waiting. */
export function endSettledWaits(waits: Waits, folder: SeatFolder): void {
  for (const id of waits.asked()) {
    const states = statesOf(folder, id);
    const state = currentState(states);
    if (state === 'answered' || (!FINAL_STATES.has(state) && state !== 'held')) continue;
    const reason = states.findLast((record) => record.state === state)?.reason;
    waits.forAnswerTo(id)?.finish({ kind: 'settled', state, reason });
  }
}

/** A peer that is away for so long is no restart that is about to come back. */
const AWAY_PATIENCE_MS = 5_000;

/** Ends the waits of asks whose peer is away: whatever it was, it does not answer within this call. */
export class AwayWatch {
  readonly #sinceMs = new Map<MessageId, number>();

  endWaits(waits: Waits, context: { root: string; clock: Clock; folder: SeatFolder }): void {
    const nowMs = context.clock.now();
    const asked = new Set(waits.asked());
    for (const id of this.#sinceMs.keys()) if (!asked.has(id)) this.#sinceMs.delete(id);
    for (const id of asked) {
      if (!isPeerAway(context, id)) this.#sinceMs.delete(id);
      else if (!this.#sinceMs.has(id)) this.#sinceMs.set(id, nowMs);
      else if (nowMs - (this.#sinceMs.get(id) ?? nowMs) >= AWAY_PATIENCE_MS)
        waits.forAnswerTo(id)?.finish({ kind: 'away' });
    }
  }
}

function isPeerAway(
  { root, clock, folder }: { root: string; clock: Clock; folder: SeatFolder },
  asked: MessageId,
): boolean {
  const peer = findSent(folder, asked)?.message.to;
  return peer !== undefined && findPeer(root, peer, clock.now())?.state === 'away';
}

function waitFor(waits: Waits, desk: MailDesk, message: PendingMessage): Wait | undefined {
  const answered = desk.reception.answersOwnQuery(message) ? waits.forAnswerTo(message.inReplyTo) : undefined;
  if (answered !== undefined) return answered;
  const open = waits.forMail();
  if (message.type === 'progress')
    return waits.forAnswerTo(message.inReplyTo) ?? (open?.kind === 'listen' ? open : undefined);
  return message.type === 'note' && open?.kind !== 'listen' ? undefined : open;
}
