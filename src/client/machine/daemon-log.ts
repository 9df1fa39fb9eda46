import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import type { DaemonPlace } from '../../config/daemon-place.ts';
import { deferred } from '../../lib/deferred.ts';
import { unlessGone } from '../../lib/errno.ts';
import { watchFolders } from '../../lib/folder-watch.ts';

/** What is read at once: more lines than anybody asks for. */
const MAX_BYTES = 4 * 1024 * 1024;
const RESCAN_MS = 1_000;
const POLL_MS = 250;
const LINE_BREAK = 0x0a;

/** What was read of the log, and how far. */
interface Piece {
  readonly lines: readonly string[];
  readonly position: Position | undefined;
}

/** Where a reader of the log has come to. */
interface Position {
  readonly inode: number;
  /** Behind the last whole line. */
  readonly offset: number;
}

/** The last lines of the daemon’s log, the oldest of them first; none where there is no log. */
export function daemonLog(
  { log }: Pick<DaemonPlace, 'log'>,
  { limit }: { limit: number },
): readonly string[] {
  return readOn(log, undefined).lines.slice(-limit);
}

/** The last lines of the daemon’s log and then what is written to it, piece by piece. Ends when the signal aborts. */
export async function* followDaemonLog(
  { folder, log }: Pick<DaemonPlace, 'folder' | 'log'>,
  { limit, signal }: { limit: number; signal: AbortSignal },
): AsyncGenerator<readonly string[], void> {
  let change = deferred<void>();
  const wake = (): void => change.resolve();
  const watch = watchFolders([folder], { onChange: wake, rescanMs: RESCAN_MS, pollMs: POLL_MS });
  signal.addEventListener('abort', wake, { once: true });
  try {
    let { lines, position } = readOn(log, undefined);
    lines = lines.slice(-limit);
    while (!signal.aborted) {
      if (lines.length > 0) yield lines;
      if (signal.aborted) return;
      await change.promise;
      change = deferred<void>();
      ({ lines, position } = readOn(log, position));
    }
  } finally {
    watch.close();
    signal.removeEventListener('abort', wake);
  }
}

/** The whole lines behind a position; from near the end without one, and from its beginning of a log that is new. */
function readOn(path: string, before: Position | undefined): Piece {
  return unlessGone(() => readFrom(path, before), { lines: [], position: before });
}

function readFrom(path: string, before: Position | undefined): Piece {
  const file = openSync(path, 'r');
  try {
    const { size, ino: inode } = fstatSync(file);
    const isSame = before !== undefined && before.inode === inode && before.offset <= size;
    const start = Math.max(isSame ? before.offset : 0, size - MAX_BYTES);
    const bytes = Buffer.alloc(size - start);
    const read = bytes.subarray(0, readSync(file, bytes, 0, bytes.length, start));
    const end = read.lastIndexOf(LINE_BREAK) + 1;
    const lines = read.toString('utf8', 0, end).split('\n').slice(0, -1);
    // The first one is torn where it was cut off.
    const isTorn = start > 0 && start !== before?.offset;
    return { lines: isTorn ? lines.slice(1) : lines, position: { inode, offset: start + end } };
  } finally {
    closeSync(file);
  }
}
