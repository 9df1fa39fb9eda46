import { isoMillis } from '../../lib/clock.ts';
import type { ClaimedMessage } from '../../mailbox/inbox.ts';
import type { MessageType } from '../../protocol/message.ts';
import type { OpenSeat } from '../seats/open-seat.ts';

/** Their senders wait to hear that a person or program saw them; the others are between programs. */
const READ_BY_SOMEBODY: ReadonlySet<MessageType> = new Set(['query', 'response', 'note']);

/**
 * Puts a claimed message before whoever waits for it, and settles it.
 *
 * `show` resolves once the text has left this process. Only then is the message settled and its sender told that it
 * was offered and seen. When `show` rejects, the message waits again, marked as a possible repeat, and the error is
 * thrown on.
 */
export async function showMessage(
  seat: OpenSeat,
  claimed: ClaimedMessage,
  show: () => Promise<void>,
): Promise<void> {
  const { clock } = seat.context;
  const { message } = claimed;
  const offeredAt = isoMillis(clock.now());
  try {
    await show();
  } catch (error) {
    seat.inbox.release(claimed, { maybeSeen: true });
    throw error;
  }
  seat.inbox.settle(claimed);
  if (!READ_BY_SOMEBODY.has(message.type)) return;
  seat.receipts.record(message, { state: 'offered', at: offeredAt, path: 'listen' });
  seat.receipts.record(message, { state: 'seen', at: isoMillis(clock.now()), path: 'listen' });
}
