import type { Output } from '../terminal/output.ts';

export interface WaitLine {
  /** Shows the line anew: what it says has changed. */
  readonly update: () => void;
  /** Ends the showing; may be called more than once. */
  readonly end: () => void;
}

export interface WaitLineOptions {
  readonly output: Output;
  /** What to say after so many seconds. */
  readonly text: (seconds: number) => string;
  /** How often to say it where no line can be written again, in milliseconds; never when left out. */
  readonly repeatMs?: number;
}

const SECOND_MS = 1000;

/** Shows on standard error that something is waited for: on a terminal one line that counts the seconds. */
export function showWait({ output, text, repeatMs }: WaitLineOptions): WaitLine {
  const startedMs = performance.now();
  const { hasStatusLine } = output;
  const current = (): string => text(Math.round((performance.now() - startedMs) / SECOND_MS));
  const update = (): void => output.showStatus(current());
  const intervalMs = hasStatusLine ? SECOND_MS : repeatMs;
  const timer =
    intervalMs === undefined
      ? undefined
      : setInterval(() => (hasStatusLine ? update() : output.note(current())), intervalMs);
  update();
  return {
    update,
    end: () => {
      clearInterval(timer);
      output.clearStatus();
    },
  };
}
