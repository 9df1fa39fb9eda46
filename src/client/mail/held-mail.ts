import { join } from 'node:path';
import { readSeatRecord } from '../../directory/seat-record.ts';
import { thisProcess } from '../../lib/process-identity.ts';
import { ReceiptWriter } from '../../mail/receipt-writer.ts';
import { allSeatFolders } from '../../mailbox/all-seats.ts';
import { takeFromFacade } from '../../mailbox/facade.ts';
import { findReceived, type MessagePlace } from '../../mailbox/find-message.ts';
import { Inbox, markAccepted } from '../../mailbox/inbox.ts';
import {
  facadeOf,
  isThere,
  openRoot,
  requireSeatFolder,
  type SeatFolder,
} from '../../mailbox/seat-folder.ts';
import { CahootsError } from '../../protocol/errors.ts';
import type { MessageId, SeatId } from '../../protocol/ids.ts';
import type { ClientContext } from '../client-context.ts';

/** A person's decision about one waiting message. */
export interface Decision {
  readonly id: MessageId;
  readonly receiver: { readonly id: SeatId; readonly name: string };
}

/** Lets a waiting message through to its session, whatever the gate holds it for. Throws like {@link denyMessage}. */
export function acceptMessage(context: ClientContext, id: MessageId): Decision {
  const folder = requireWaiting(context, id);
  if (!markAccepted(folder, id)) throw notWaiting(id, folder);
  return { id, receiver: receiverOf(folder) };
}

/**
 * Refuses a waiting message for good; its sender is told that a person denied it.
 *
 * Throws `message-unknown` when no seat here received it, and `message-not-held` when it does not wait any more.
 */
export function denyMessage(context: ClientContext, id: MessageId): Decision {
  const { config, clock } = context;
  const folder = requireWaiting(context, id);
  const owner = { process: thisProcess(), generation: 0 };
  const { expiresAfterMs } = config.limits;
  const inbox = new Inbox({ root: config.root, folder, clock, owner, expiresAfterMs });
  const claimed = inbox.claim(id);
  if (claimed === undefined) throw notWaiting(id, folder);
  const reason = 'denied by a person';
  // The sender first, who is never left without word; one that cannot be told keeps no person from their decision.
  new ReceiptWriter({ root: config.root, clock, folder }).record(claimed.message, {
    state: 'refused',
    reason,
  });
  inbox.reject(claimed, reason);
  return { id, receiver: receiverOf(folder) };
}

function requireWaiting({ config }: ClientContext, id: MessageId): SeatFolder {
  const { root } = config;
  openRoot(root);
  const folders = allSeatFolders(root);
  for (const folder of folders) {
    if (isThere(join(facadeOf(root, folder.id).inbox, `${id}.json`))) takeFromFacade(root, folder);
    if (!isThere(join(folder.inbox, `${id}.json`))) continue;
    requireSeatFolder(folder);
    return folder;
  }
  for (const folder of folders) if (findReceived(folder, id) !== undefined) throw notWaiting(id, folder);
  throw new CahootsError('message-unknown', `No seat here has received a message ${id}.`, {
    remedy: 'Copy the id from the message; cahoots log and cahoots inbox show them.',
    facts: { id },
  });
}

const WHERE: Record<MessagePlace, string> = {
  inbox: 'waits again',
  claimed: 'is before its session just now',
  read: 'has been read already',
  rejected: 'has been refused already, or has expired',
  outbox: 'was sent from there',
};

function notWaiting(id: MessageId, folder: SeatFolder): CahootsError {
  const place = findReceived(folder, id)?.place;
  const where = place === undefined ? 'is gone' : WHERE[place];
  return new CahootsError('message-not-held', `${id} does not wait any more: it ${where}.`, {
    remedy: `What became of it: cahoots show ${id}`,
    facts: { id, place: place ?? null, receiver: folder.id },
  });
}

function receiverOf(folder: SeatFolder): Decision['receiver'] {
  return { id: folder.id, name: readSeatRecord(folder)?.name ?? folder.id };
}
