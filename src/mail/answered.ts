import { findSent } from '../mailbox/find-message.ts';
import { statesOf } from '../mailbox/receipts.ts';
import type { SeatFolder } from '../mailbox/seat-folder.ts';
import type { Message } from '../protocol/message.ts';
import { currentState } from '../protocol/receipt.ts';
import type { ReceiptWriter } from './receipt-writer.ts';

/**
 * Records at a seat that its query was answered, once the response of the asked peer was seen.
 *
 * A session of session-bridge v1 writes no receipts: that its response is here is all that says so. A peer of ours writes its own,
 * which may have been lost on a full disk. Does nothing for a response to something else, or from anyone but the asked peer.
 */
export function markAnswered(
  { folder, receipts }: { folder: SeatFolder; receipts: ReceiptWriter },
  { type, from, inReplyTo }: Message,
): void {
  const asked = type === 'response' && inReplyTo !== null ? findSent(folder, inReplyTo)?.message : undefined;
  if (asked?.type !== 'query' || asked.to !== from) return;
  if (currentState(statesOf(folder, asked.id)) === 'answered') return;
  receipts.record(asked, { state: 'answered', by: from });
}
