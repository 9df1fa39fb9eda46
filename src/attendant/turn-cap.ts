/** Counts the turns that peers caused and says when there were enough of them in the last hour. */
export interface TurnCap {
  /** Whether one more turn may be caused now. */
  allows(nowMs: number): boolean;
  /** Notes that a turn was caused. */
  record(nowMs: number): void;
  /** How many there were in the hour before `nowMs`. */
  used(nowMs: number): number;
  readonly perHour: number;
}

const HOUR_MS = 60 * 60 * 1000;

/** A sliding cap of `perHour` turns; `past` are the times (milliseconds since the epoch) of earlier ones, newest last. */
export function turnCap(
  perHour: number,
  past: readonly number[] = [],
): TurnCap & { readonly times: readonly number[] } {
  let times = [...past];
  const keepLastHour = (nowMs: number): number => {
    times = times.filter((time) => time > nowMs - HOUR_MS && time <= nowMs);
    return times.length;
  };
  return {
    perHour,
    get times() {
      return times;
    },
    allows: (nowMs) => keepLastHour(nowMs) < perHour,
    record(nowMs) {
      times.push(nowMs);
    },
    used: keepLastHour,
  };
}
