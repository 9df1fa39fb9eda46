import { isoMillis } from '../lib/clock.ts';
import { recordState, statesOf } from '../mailbox/receipts.ts';
import { isThere, type SeatFolder, seatFolder } from '../mailbox/seat-folder.ts';
import type { Message } from '../protocol/message.ts';
import { currentState } from '../protocol/receipt.ts';
import { type ClientContext, mailContext } from './client-context.ts';
import { findSent } from './message-lookup.ts';

/**
 * Records that a session of session-bridge v1 has answered a query of this seat: v1 writes no receipts, our peers do.
 * Does nothing for a response to something else, or from somebody else than who was asked.
 */
export function recordAnswer(context: ClientContext, folder: SeatFolder, response: Message): void {
  const { root, clock } = mailContext(context);
  if (response.type !== 'response' || response.inReplyTo === null) return;
  if (isThere(seatFolder(root, response.from).path)) return;
  const asked = findSent(folder, response.inReplyTo)?.message;
  if (asked === undefined || asked.type !== 'query' || asked.to !== response.from) return;
  if (currentState(statesOf(folder, asked.id)) === 'answered') return;
  recordState(root, asked, { state: 'answered', at: isoMillis(clock.now()), by: response.from });
}
