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

/** The id of a message that is the same whenever it is made for the same reason, so that it is made once. */
export function messageIdFor(reason: string): MessageId {
  return `msg-${(hash64(reason) % ID_COUNT).toString(36).padStart(12, '0')}` as MessageId;
}

const ID_COUNT = 36n ** 12n;

/** FNV-1a: no secret depends on it, only that two reasons hardly ever meet. */
function hash64(text: string): bigint {
  let hash = 0xcbf29ce484222325n;
  for (const byte of Buffer.from(text)) hash = BigInt.asUintN(64, (hash ^ BigInt(byte)) * 0x100000001b3n);
  return hash;
}

/**
 * The character by which files of past messages are spread over 36 folders; follows from the id alone. More folders cost
 * more than they save: making one takes longer than writing a message.
 */
export function shardOf(id: MessageId): string {
  return id.slice(4, 5);
}
