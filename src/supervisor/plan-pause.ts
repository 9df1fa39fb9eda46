import type { Clock } from '../lib/clock.ts';

/** Retry delay when the plan's limit gives no reset time. */
const UNKNOWN_RESET_MS = 5 * 60_000;
/** The longest time that a timer can be set to. */
export const MAX_TIMER_MS = 2 ** 31 - 1;

/** The wait of a session whose plan's allowance is used up, until the allowance is there again. */
export class PlanPause {
  readonly #clock: Clock;
  #timer: NodeJS.Timeout | undefined;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** When to try again, given the reset time that the plan names. */
  resetTime(knownMs: number | undefined): number {
    const now = this.#clock.now();
    return knownMs === undefined || knownMs <= now ? now + UNKNOWN_RESET_MS : knownMs;
  }

  /** Calls back once that time is reached. A machine that slept, and a time too far for a timer, are looked at again. */
  start(atMs: number, onOver: () => void): void {
    const leftMs = atMs - this.#clock.now();
    this.#timer = setTimeout(
      () => (this.#clock.now() < atMs ? this.start(atMs, onOver) : onOver()),
      Math.min(Math.max(0, leftMs), MAX_TIMER_MS),
    );
  }

  cancel(): void {
    clearTimeout(this.#timer);
  }
}
