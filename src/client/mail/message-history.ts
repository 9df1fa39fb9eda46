import { allSeatFolders } from '../../mailbox/all-seats.ts';
import { findReceived, findSent } from '../../mailbox/find-message.ts';
import { openRoot, type SeatFolder, seatFolder } from '../../mailbox/seat-folder.ts';
import { CahootsError } from '../../protocol/errors.ts';
import type { MessageId } from '../../protocol/ids.ts';
import type { Message } from '../../protocol/message.ts';
import { mergeStates, type StateRecord } from '../../protocol/receipt.ts';
import type { ClientContext } from '../client-context.ts';
import { findOwnSeat } from '../seats/own-seat.ts';
import { stateLookup } from './pending-mail.ts';

/** A message with everything that is known of its way. */
export interface MessageHistory {
  readonly message: Message;
  readonly states: readonly StateRecord[];
}

/**
 * Finds a message of this person by its id: first in the own seat, then in every seat, at its sender before
 * its receiver. Throws `message-unknown`.
 */
export function messageHistory(
  context: ClientContext,
  { id, address }: { id: MessageId; address: string | undefined },
): MessageHistory {
  const { root } = context.config;
  openRoot(root);
  const own = findOwnSeat(context, { address, use: 'speak' });
  const message =
    (own === undefined ? undefined : findIn(seatFolder(root, own.sessionId), id)) ?? findAnywhere(root, id);
  if (message !== undefined) return { message, states: mergeStates(stateLookup(root)(message)) };
  throw new CahootsError('message-unknown', `No seat here has sent or received a message ${id}.`, {
    remedy: 'Copy the id from the message; cahoots log shows the newest ones.',
    facts: { id },
  });
}

function findAnywhere(root: string, id: MessageId): Message | undefined {
  const folders = allSeatFolders(root);
  for (const folder of folders) {
    const sent = findSent(folder, id);
    if (sent !== undefined) return withoutStates(sent.message);
  }
  for (const folder of folders) {
    const received = findReceived(folder, id);
    if (received !== undefined) return received.message;
  }
  return undefined;
}

function findIn(folder: SeatFolder, id: MessageId): Message | undefined {
  const sent = findSent(folder, id);
  return sent === undefined ? findReceived(folder, id)?.message : withoutStates(sent.message);
}

/** A message as it was sent: the sender's copy keeps the states beside it. */
export function withoutStates(message: Message): Message {
  const { states: _, ...rest } = message;
  return rest;
}
