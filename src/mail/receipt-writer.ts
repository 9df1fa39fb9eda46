import { type Clock, isoMillis } from '../lib/clock.ts';
import { recordState, sendReceipt } from '../mailbox/receipts.ts';
import type { SeatFolder } from '../mailbox/seat-folder.ts';
import { CahootsError } from '../protocol/errors.ts';
import type { MessageId, SeatId } from '../protocol/ids.ts';
import type { Message } from '../protocol/message.ts';
import type { StateRecord } from '../protocol/receipt.ts';

/** What became of a message. `at` and `by` are now and the seat that records, where they are left out. */
export type ReceiptRecord = Pick<StateRecord, 'state' | 'path' | 'reason' | 'unproved'> &
  Partial<Pick<StateRecord, 'at' | 'by'>>;

export interface ReceiptWriterOptions {
  readonly root: string;
  readonly clock: Clock;
  /** The seat that records. */
  readonly folder: SeatFolder;
}

interface LateReceipt {
  readonly sender: SeatId;
  readonly message: MessageId;
  readonly record: StateRecord;
}

/** A clock that was set back by more than this is believed. */
const SAME_MOMENT_MS = 50;
/** More would be the mail of hours in which no sender could be told anything. */
const MAX_LATE = 1_000;

/**
 * Records what became of messages: the one place where that is written for a seat.
 *
 * A receipt that cannot be written now (a full disk, a sender's folder that may not be written to) keeps no mail from
 * the session: it is written later, with the time of what it tells.
 */
export class ReceiptWriter {
  readonly #options: ReceiptWriterOptions;
  #late: LateReceipt[] = [];
  #lastMs = Number.NEGATIVE_INFINITY;

  constructor(options: ReceiptWriterOptions) {
    this.#options = options;
  }

  /** Records what became of a message, now or as soon as that can be written. */
  record(message: Message, what: ReceiptRecord): void {
    const record = this.#stamped(what);
    if (this.#tryNow(message, record)) return;
    this.#late = [...this.#late, { sender: message.from, message: message.id, record }].slice(-MAX_LATE);
  }

  /** Records what became of a message; false where that cannot be written now. */
  write(message: Message, what: ReceiptRecord): boolean {
    return this.#tryNow(message, this.#stamped(what));
  }

  #tryNow(message: Message, record: StateRecord): boolean {
    return succeeds(() => recordState(this.#options.root, message, record));
  }

  #stamped({ at, by, ...what }: ReceiptRecord): StateRecord {
    return { ...what, at: at ?? isoMillis(this.#nextMs()), by: by ?? this.#options.folder.id };
  }

  /** What follows within the same millisecond gets the next one: by their times the steps stay in order. */
  #nextMs(): number {
    const nowMs = this.#options.clock.now();
    const isSame = nowMs <= this.#lastMs && this.#lastMs - nowMs < SAME_MOMENT_MS;
    this.#lastMs = isSame ? this.#lastMs + 1 : nowMs;
    return this.#lastMs;
  }

  /** Writes what could not be written before, as far as that works now. */
  flush(): void {
    if (this.#late.length === 0) return;
    this.#late = this.#late.filter((late) => !succeeds(() => sendReceipt(this.#options.root, late)));
  }
}

function succeeds(write: () => void): boolean {
  try {
    write();
    return true;
  } catch (error) {
    if (error instanceof CahootsError) return false;
    throw error;
  }
}
