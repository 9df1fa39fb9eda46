import { randomId } from '../lib/random-id.ts';

declare const brand: unique symbol;

/** The stable address of a session: six characters of `[a-z0-9]`. A bare string never names a seat. */
export type SeatId = string & { readonly [brand]: 'seat' };
/** The name of a message: `msg-` and twelve characters of `[a-z0-9]`. */
export type MessageId = string & { readonly [brand]: 'message' };

const SEAT_ID = /^[a-z0-9]{6}$/;
const MESSAGE_ID = /^msg-[a-z0-9]{12}$/;

/** Whether a text is a well-formed seat id; says nothing about whether such a seat exists. */
export function isSeatId(text: unknown): text is SeatId {
  return typeof text === 'string' && SEAT_ID.test(text);
}

/** Whether a text is a well-formed message id. */
export function isMessageId(text: unknown): text is MessageId {
  return typeof text === 'string' && MESSAGE_ID.test(text);
}

/** A new random seat id. Two billion possible ones: the caller checks that the folder is free. */
export function newSeatId(): SeatId {
  return randomId(6) as SeatId;
}

/** A new random message id. */
export function newMessageId(): MessageId {
  return `msg-${randomId(12)}` as MessageId;
}

/**
 * The character by which files of past messages are spread over 36 folders; follows from the id alone. More folders cost
 * more than they save: making one takes longer than writing a message.
 */
export function shardOf(id: MessageId): string {
  return id.slice(4, 5);
}
