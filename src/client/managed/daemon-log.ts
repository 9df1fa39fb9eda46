import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import type { DaemonPlace } from '../../config/daemon-place.ts';
import { unlessGone } from '../../lib/errno.ts';

/** What is read of the end of the log: more lines than anybody asks for at once. */
const TAIL_BYTES = 4 * 1024 * 1024;

/** The last lines of the daemon’s log, the oldest of them first; none where there is no log. */
export function daemonLog(
  { log }: Pick<DaemonPlace, 'log'>,
  { limit }: { limit: number },
): readonly string[] {
  return unlessGone(() => linesOf(readEnd(log)), []).slice(-limit);
}

function linesOf({ text, isWhole }: { text: string; isWhole: boolean }): string[] {
  const lines = text.split('\n').filter((line) => line !== '');
  return isWhole ? lines : lines.slice(1);
}

function readEnd(path: string): { text: string; isWhole: boolean } {
  const file = openSync(path, 'r');
  try {
    const { size } = fstatSync(file);
    const start = Math.max(0, size - TAIL_BYTES);
    const end = Buffer.alloc(size - start);
    const bytes = readSync(file, end, 0, end.length, start);
    return { text: end.toString('utf8', 0, bytes), isWhole: start === 0 };
  } finally {
    closeSync(file);
  }
}
