import { findSent } from '../client/message-lookup.ts';
import { type Clock, isoMillis } from '../lib/clock.ts';
import { recordState, statesOf } from '../mailbox/receipts.ts';
import type { SeatFolder } from '../mailbox/seat-folder.ts';
import type { Message } from '../protocol/message.ts';
import { currentState } from '../protocol/receipt.ts';

/**
 * Records at this seat that its query was answered, once the response of the asked peer was seen.
 *
 * A session of session-bridge v1 writes no receipts: that its response is here tells it. What else names a query of this
 * seat changes nothing.
 */
export function noteAnswered(
  { root, clock, folder }: { root: string; clock: Clock; folder: SeatFolder },
  { type, from, inReplyTo }: Message,
): void {
  const query = type === 'response' && inReplyTo !== null ? findSent(folder, inReplyTo)?.message : undefined;
  if (query === undefined || query.to !== from) return;
  if (currentState(statesOf(folder, query.id)) === 'answered') return;
  recordState(root, query, { state: 'answered', at: isoMillis(clock.now()), by: from });
}
