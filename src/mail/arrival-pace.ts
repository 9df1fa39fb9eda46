import type { PendingMessage } from '../mailbox/inbox.ts';
import type { MessageId, SeatId } from '../protocol/ids.ts';

const WINDOW_MS = 60_000;

/** How many messages of one sender came within a minute, by the time of their arrival, so that mail that waited counts as it came. */
export class ArrivalPace {
  readonly #perMinute: number;
  readonly #arrivals = new Map<SeatId, Map<MessageId, number>>();

  constructor(perMinute: number) {
    this.#perMinute = perMinute;
  }

  /** Whether a message may be let through after those that were noted. One that was noted is not counted again. */
  allows({ id, from, arrivedMs }: Pick<PendingMessage, 'id' | 'from' | 'arrivedMs'>): boolean {
    const arrivals = this.#arrivals.get(from);
    if (arrivals === undefined || arrivals.has(id)) return true;
    const inMinute = [...arrivals.values()].filter(
      (time) => time > arrivedMs - WINDOW_MS && time <= arrivedMs + WINDOW_MS,
    );
    return inMinute.length < this.#perMinute;
  }

  note({ id, from, arrivedMs }: Pick<PendingMessage, 'id' | 'from' | 'arrivedMs'>): void {
    const arrivals = this.#arrivals.get(from) ?? new Map<MessageId, number>();
    arrivals.set(id, arrivedMs);
    this.#arrivals.set(from, arrivals);
  }

  /** Forgets what is too old to count for anything that comes from now on. */
  forget(nowMs: number): void {
    for (const [from, arrivals] of this.#arrivals) {
      for (const [id, time] of arrivals) if (time <= nowMs - 2 * WINDOW_MS) arrivals.delete(id);
      if (arrivals.size === 0) this.#arrivals.delete(from);
    }
  }
}
