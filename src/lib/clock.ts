/** Where time comes from; injected so that a test can move it. */
export interface Clock {
  /** Wall-clock time in milliseconds since the epoch. */
  now(): number;
}

/** The machine's own clock. */
export const systemClock: Clock = { now: () => Date.now() };

/** An ISO time in UTC with whole seconds, `2026-11-20T22:41:00Z`: the form that session-bridge v1 writes. */
export function isoSeconds(epochMs: number): string {
  return `${new Date(epochMs).toISOString().slice(0, 19)}Z`;
}

/** An ISO time in UTC with milliseconds. */
export function isoMillis(epochMs: number): string {
  return new Date(epochMs).toISOString();
}
