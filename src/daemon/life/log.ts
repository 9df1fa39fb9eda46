import { createStream } from 'rotating-file-stream';
import { isoMillis } from '../../lib/clock.ts';
import { CahootsError } from '../../protocol/errors.ts';

/** The daemon's log: one JSON object a line, `{at, level, event, …facts}`. No texts of prompts, answers or messages. */
export interface DaemonLog {
  info(event: string, facts?: Readonly<Record<string, unknown>>): void;
  fault(event: string, error: unknown): void;
  /** Resolves once everything is written. */
  close(): Promise<void>;
}

const MAX_FILE = '5M';
const KEPT_FILES = 3;

/** Opens the log in a folder; at 5 MB it begins a new file, and keeps three old ones (`<file>.1` is the newest). */
export function openLog({ folder, file }: { folder: string; file: string }): DaemonLog {
  const generator = (which: number | Date | null): string =>
    which === null ? file : `${file}.${Number(which)}`;
  const stream = createStream(generator, {
    path: folder,
    size: MAX_FILE,
    rotate: KEPT_FILES,
    mode: 0o600,
  });
  // A log that cannot be written must not end what it tells of.
  stream.on('error', () => undefined);
  const write = (level: string, event: string, facts: Readonly<Record<string, unknown>>): void => {
    stream.write(
      `${JSON.stringify({ at: isoMillis(Date.now()), level, event, pid: process.pid, ...facts })}\n`,
    );
  };
  return {
    info: (event, facts = {}) => write('info', event, facts),
    fault: (event, error) => write('error', event, factsOf(error)),
    close: () => new Promise((resolve) => stream.end(() => resolve())),
  };
}

function factsOf(error: unknown): Readonly<Record<string, unknown>> {
  if (error instanceof CahootsError) return { code: error.code, message: error.message };
  return error instanceof Error ? { message: error.message, stack: error.stack } : { message: String(error) };
}
