/** Counts the turns that peers caused and says when there were enough of them in the last hour. */
export interface TurnCap {
  /** Whether one more turn may be caused now. */
  allows(nowMs: number): boolean;
  /** Notes that a turn is being caused; call what it returns when it was not after all. */
  record(nowMs: number): () => void;
  /** Takes in the times of turns that an earlier process of this seat caused. */
  restore(past: readonly number[]): void;
  /** How many there were in the hour before `nowMs`. */
  used(nowMs: number): number;
  readonly perHour: number;
  /** The times of the turns in the last hour, milliseconds since the epoch, oldest first. */
  readonly times: readonly number[];
}

const HOUR_MS = 60 * 60 * 1000;

/** A sliding cap of `perHour` turns. */
export function turnCap(perHour: number): TurnCap {
  let times: number[] = [];
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
      return () => {
        const index = times.lastIndexOf(nowMs);
        if (index !== -1) times.splice(index, 1);
      };
    },
    restore(past) {
      times = [...new Set([...times, ...past])].sort((a, b) => a - b);
    },
    used: keepLastHour,
  };
}
