/** Longest inline wait: a host puts a call that runs for two minutes into the background (Claude Code 2.1.329). */
export const MAX_INLINE_WAIT_SECONDS = 100;

/** A wait that a caller asked for, in milliseconds, no longer than a call may take. */
export function inlineWaitMs(seconds: number): number {
  return Math.max(0, Math.min(seconds, MAX_INLINE_WAIT_SECONDS)) * 1_000;
}
