import * as z from 'zod/mini';
import { isMessageId, isSeatId, type MessageId, type SeatId } from './ids.ts';

/**
 * What became of a message.
 *
 * ```
 * accepted → delivered → offered → seen → [work-accepted → working] → answered
 *     │          ├→ held → offered | refused                  └→ cancelled | refused
 *     │          └→ refused | expired
 *     └→ undeliverable
 * ```
 * `accepted`: durable at the sender. `delivered`: in the receiver's mailbox. `offered`: put before the session, by the
 * path in `path`. `seen`: proved from the receiver's conversation. `answered`: its response is in the sender's mailbox. Of
 * a request for work also: `work-accepted`, the receiver has taken it on; `working`, with a note in `reason`; `cancelled`,
 * called off by who asked.
 */
export const MESSAGE_STATES = [
  'accepted',
  'delivered',
  'held',
  'offered',
  'seen',
  'work-accepted',
  'working',
  'answered',
  'refused',
  'expired',
  'undeliverable',
  'cancelled',
] as const;
export type MessageState = (typeof MESSAGE_STATES)[number];

/** Once reached, these stay. */
export const FINAL_STATES: ReadonlySet<MessageState> = new Set([
  'answered',
  'refused',
  'expired',
  'undeliverable',
  'cancelled',
]);

export const DELIVERY_PATHS = [
  'inbox-socket',
  'file-changed',
  'hook-context',
  'next-turn',
  'listen',
  'tool',
] as const;
export type DeliveryPath = (typeof DELIVERY_PATHS)[number];

export const stateRecordSchema = z.looseObject({
  state: z.enum(MESSAGE_STATES),
  /** ISO time with milliseconds, by the clock of the machine of `by`. */
  at: z.string(),
  by: z.custom<SeatId>(isSeatId, { error: 'expected a seat id' }),
  reason: z.optional(z.string()),
  path: z.optional(z.enum(DELIVERY_PATHS)),
  /** With `offered`: put before the session so often, and its conversation has never shown it. */
  unproved: z.optional(z.boolean()),
});
/** One step of a message's way: the state, when, who recorded it, and why. */
export type StateRecord = z.infer<typeof stateRecordSchema>;

export const receiptSchema = z.looseObject({
  message: z.custom<MessageId>(isMessageId, { error: 'expected a message id' }),
  ...stateRecordSchema.shape,
});
/** A state record on its way to the sender: a file in the sender's `receipts/`. */
export type Receipt = z.infer<typeof receiptSchema>;

const RANK: Record<MessageState, number> = {
  accepted: 0,
  delivered: 1,
  held: 2,
  offered: 3,
  seen: 4,
  'work-accepted': 5,
  working: 6,
  expired: 7,
  refused: 7,
  undeliverable: 7,
  cancelled: 7,
  answered: 8,
};

/**
 * The state that a message is in by its records: the furthest that was reached, in whatever order they arrived. Of
 * several that end the way at the same point the first one in time counts.
 */
export function currentState(records: readonly StateRecord[]): MessageState {
  return records.reduce<StateRecord | undefined>(further, undefined)?.state ?? 'accepted';
}

/** A message may be offered again, and each note of the work counts. */
const HAPPENS_AGAIN: ReadonlySet<MessageState> = new Set(['offered', 'working']);

/** The records without repeats of the same state by the same seat and path (the first one counts), in order of time. */
export function mergeStates(...lists: readonly (readonly StateRecord[])[]): StateRecord[] {
  const merged = new Map<string, StateRecord>();
  for (const record of lists.flat()) {
    const key = [record.state, record.by, record.path, HAPPENS_AGAIN.has(record.state) ? record.at : ''].join(
      '|',
    );
    const known = merged.get(key);
    if (known === undefined || record.at < known.at) merged.set(key, record);
  }
  return [...merged.values()].sort(
    (a, b) => compare(a.at, b.at) || RANK[a.state] - RANK[b.state] || compare(a.state, b.state),
  );
}

function further(best: StateRecord | undefined, record: StateRecord): StateRecord {
  if (best === undefined) return record;
  const order =
    RANK[record.state] - RANK[best.state] || compare(best.at, record.at) || compare(best.state, record.state);
  return order > 0 ? record : best;
}

function compare(a: string, b: string): number {
  return a < b ? -1 : Number(a > b);
}
