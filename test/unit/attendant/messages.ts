import type { MessageId, SeatId } from '../../../src/protocol/ids.ts';
import type { Message } from '../../../src/protocol/message.ts';

let count = 0;

/** The id of that number, such as `msg-000000000007`. */
export function messageId(number: number): MessageId {
  return `msg-${String(number).padStart(12, '0')}` as MessageId;
}

/** A message as it lies in a mailbox: a query of the seat `aaaaaa` named "app" to `bbbbbb`, with some keys replaced. */
export function message(changes: Partial<Message> = {}): Message {
  count += 1;
  return {
    id: messageId(count),
    from: 'aaaaaa' as SeatId,
    to: 'bbbbbb' as SeatId,
    type: 'query',
    timestamp: '2026-11-20T22:41:00Z',
    status: 'pending',
    content: 'what broke?',
    inReplyTo: null,
    metadata: { fromName: 'app', permissionClass: 'asks' },
    ...changes,
  };
}
