import { readdirSync } from 'node:fs';
import { unlessGone } from '../../lib/errno.ts';
import { findReceived } from '../../mailbox/find-message.ts';
import { readJournalTail } from '../../mailbox/journal-tail.ts';
import { statesOf } from '../../mailbox/receipts.ts';
import { facadeOf, openRoot, type SeatFolder, seatFolder } from '../../mailbox/seat-folder.ts';
import { isMessageId, type MessageId, type SeatId } from '../../protocol/ids.ts';
import type { Message } from '../../protocol/message.ts';
import { currentState, type StateRecord } from '../../protocol/receipt.ts';
import type { ClientContext } from '../client-context.ts';
import { OpenSeat } from '../seats/open-seat.ts';
import { findOwnSeat, seatMissing } from '../seats/own-seat.ts';

/** A message that waits in a mailbox, as it lies there. */
export interface WaitingMessage {
  readonly message: Message;
  /** Why the receiver holds it for a person; undefined when it only waits. */
  readonly heldBecause: string | undefined;
}

/** How far back the journal is read for what became of a message whose sender keeps no receipts. */
const RECENT_ENTRIES = 2000;

/** Every state that is known of a message. */
export type StateLookup = (message: Message) => StateRecord[];

/**
 * The messages that wait in a seat, in no particular order, without taking or moving any of them. Files that are no
 * message are left to the next reader. Who looks at many seats makes one `statesOfMessage` for all of them.
 */
export function waitingMail(
  root: string,
  id: SeatId,
  statesOfMessage: StateLookup = stateLookup(root),
): WaitingMessage[] {
  const folder = seatFolder(root, id);
  return waitingIds(root, folder).flatMap((message) => {
    const found = findReceived(folder, message);
    if (found === undefined || found.place !== 'inbox') return [];
    return [{ message: found.message, heldBecause: heldBecause(statesOfMessage(found.message)) }];
  });
}

/**
 * The messages that wait in the own seat, by sender in the order in which they were sent. Where no session sits there,
 * what v1 wrote is taken in first and what has expired is sorted out. Throws `seat-missing`.
 */
export function waitingInOrder(context: ClientContext, address: string | undefined): WaitingMessage[] {
  const { root } = context.config;
  openRoot(root);
  const record = findOwnSeat(context, { address, use: 'speak' });
  if (record === undefined) throw seatMissing(context);
  const seat = new OpenSeat(context, record);
  if (seat.isHeld) return waitingMail(root, seat.folder.id);
  const order = seat.inbox.pending().map(({ id }) => id);
  const waiting = new Map(waitingMail(root, seat.folder.id).map((found) => [found.message.id, found]));
  return order.flatMap((id) => waiting.get(id) ?? []);
}

/** The ids of the messages that wait in a seat; costs one look at two folders. */
export function waitingIds(root: string, folder: SeatFolder): MessageId[] {
  const names = [folder.inbox, facadeOf(root, folder.id).inbox].flatMap((path) =>
    unlessGone(() => readdirSync(path), []),
  );
  const ids = names.flatMap((name) => (name.endsWith('.json') ? [name.slice(0, -'.json'.length)] : []));
  return [...new Set(ids)].filter(isMessageId);
}

/**
 * Tells the states of one message after the other: by its sender's receipts, for a sender without any by the journal,
 * which is read once, when it is first needed.
 */
export function stateLookup(root: string): StateLookup {
  let journal: Map<MessageId, StateRecord[]> | undefined;
  return ({ id, from }) => {
    const states = statesOf(seatFolder(root, from), id);
    if (states.length > 0) return states;
    journal ??= Map.groupBy(readJournalTail(root, RECENT_ENTRIES), ({ message }) => message);
    return journal.get(id) ?? [];
  };
}

function heldBecause(states: readonly StateRecord[]): string | undefined {
  if (currentState(states) !== 'held') return undefined;
  return states.findLast(({ state }) => state === 'held')?.reason ?? 'held';
}
