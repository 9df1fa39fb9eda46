import { findReceived } from '../../mailbox/find-message.ts';
import type { ClaimedMessage } from '../../mailbox/inbox.ts';
import { unlessMailboxFails } from '../../mailbox/storage-fault.ts';
import { CahootsError } from '../../protocol/errors.ts';
import { isMessageId, type MessageId } from '../../protocol/ids.ts';
import type { Message, WorkStep } from '../../protocol/message.ts';
import type { OpenSeat } from '../seats/open-seat.ts';
import { seatHeld } from '../seats/own-seat.ts';

/** The message id in what a person or program typed. Throws `usage`. */
export function requireMessageId(text: string): MessageId {
  if (isMessageId(text)) return text;
  throw new CahootsError('usage', `"${text.slice(0, 80)}" is no message id.`, {
    remedy: 'A message id is "msg-" and twelve letters or digits; cahoots inbox and cahoots log show them.',
    facts: { got: text },
  });
}

export interface ReplyFromSeat {
  readonly id: MessageId;
  readonly content: string;
  readonly isNamed: boolean;
  readonly step?: WorkStep;
}

/**
 * Answers a message that a seat has received. One that still waits is taken with it, for whoever answers it has seen
 * it; `isNamed` says that the call names a seat on which a session may sit, and then that is left to the session. With
 * `step` it does not answer, but tells how the work stands that the message asks for.
 *
 * Throws `message-unknown`, `message-not-answerable`, or `seat-held`.
 */
export function replyFromSeat(seat: OpenSeat, { id, content, isNamed, step }: ReplyFromSeat): Message {
  const say = (): Message =>
    step === undefined
      ? seat.correspondent.reply(id, content).sent
      : seat.correspondent.progress(id, { step, note: content });
  const waits = findReceived(seat.folder, id)?.place === 'inbox';
  if (!waits || seat.isHeld) {
    if (waits && isNamed) throw seatHeld(seat.record);
    return say();
  }
  const claimed = seat.inbox.claim(id);
  if (claimed === undefined) return say();
  // Anyone who answers a message by its id has it before them.
  seat.receipts.record(claimed.message, { state: 'seen' });
  const sent = replyOrRelease(seat, { claimed, say });
  // Should that fail, the message comes back once this process has ended, marked as a repeat.
  unlessMailboxFails(() => seat.inbox.settle(claimed));
  return sent;
}

function replyOrRelease(
  seat: OpenSeat,
  { claimed, say }: { claimed: ClaimedMessage; say: () => Message },
): Message {
  try {
    return say();
  } catch (error) {
    seat.inbox.release(claimed, { maybeSeen: true });
    throw error;
  }
}
