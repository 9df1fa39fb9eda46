/** What `waitFor` needs to know: what is waited for (for the error), how long, and what to show when it never came. */
export interface WaitOptions {
  /** Completes the sentence "waited 5000 ms for …". */
  readonly what: string;
  /** Default 10,000. */
  readonly timeoutMs?: number;
  /** Default 20. */
  readonly intervalMs?: number;
  /** Appended to the error, for example a screen. */
  readonly explain?: () => string;
  /** Says why the claim cannot come true any more (the process has exited): the wait then ends early. */
  readonly hopeless?: () => string | undefined;
}

/** A deadline passed. The message says what was waited for, how long, and what was there instead. */
export class WaitTimeoutError extends Error {
  override readonly name = 'WaitTimeoutError';
}

/**
 * Resolves with the first truthy value that `claim` returns; rejects with a `WaitTimeoutError` at the deadline.
 * A claim that throws counts as not true yet, and its last error becomes the cause: assertions may be used as claims.
 */
export async function waitFor<T>(
  claim: () => T | Promise<T>,
  { what, timeoutMs = 10_000, intervalMs = 20, explain, hopeless }: WaitOptions,
): Promise<Exclude<T, false | undefined | null | '' | 0>> {
  let deadline = performance.now() + timeoutMs;
  let cause: unknown;
  let reason: string | undefined;
  for (;;) {
    try {
      const value = await claim();
      if (value) return value as Exclude<T, false | undefined | null | '' | 0>;
      cause = undefined;
    } catch (error) {
      cause = error;
    }
    if (performance.now() >= deadline) throw timeoutError({ what, timeoutMs, explain, cause, reason });
    if (reason === undefined && (reason = hopeless?.()) !== undefined) {
      // What was on its way when hope ended still counts.
      deadline = Math.min(deadline, performance.now() + LAST_WORDS_MS);
    }
    await pause(intervalMs);
  }
}

/** Builds the error of a missed deadline, for waits that are not polls. */
export function timeoutError(facts: {
  what: string;
  timeoutMs: number;
  explain?: (() => string) | undefined;
  cause?: unknown;
  reason?: string | undefined;
}): WaitTimeoutError {
  const { what, timeoutMs, explain, cause, reason } = facts;
  const lines = [
    reason === undefined ? `waited ${timeoutMs} ms for ${what}` : `waited in vain for ${what}: ${reason}`,
  ];
  if (cause instanceof Error) lines.push(`last error: ${cause.message}`);
  if (explain !== undefined) lines.push(explain());
  return new WaitTimeoutError(lines.join('\n'), cause === undefined ? {} : { cause });
}

const LAST_WORDS_MS = 300;

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
