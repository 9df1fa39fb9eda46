import { closeSync, constants, openSync, readSync, writeSync } from 'node:fs';
import { writeAtomic } from '../lib/atomic-write.ts';
import { errnoOf } from '../lib/errno.ts';
import { readRegular } from '../lib/read-regular.ts';
import { MAX_MESSAGE_FILE_BYTES } from '../protocol/message.ts';

const OPEN = constants.O_RDWR | (constants.O_NOFOLLOW ?? 0);
/** A line break within a JSON text is never part of a string: where this stands, it is the message's own status. */
const LINE = '\n  "status": "pending",';
const PENDING = '"pending"';
/** As long as what it replaces; blanks mean nothing there. */
const READ = '"read"'.padEnd(PENDING.length);
/** The status stands before the content, within the first few hundred bytes. */
const HEAD_BYTES = 1024;

/**
 * Writes into the file of a handled message that it was read, now: status `read`, and the file's modification time.
 *
 * In place where the file is laid out as we do: making a second file and freeing the first one takes as long as
 * flushing it did (ext4, measured). What the file system refuses is left out: that the file lies in `read/` counts, not
 * how it describes itself.
 */
export function markRead(path: string): void {
  try {
    if (!patch(path)) rewrite(path);
  } catch (error) {
    if (errnoOf(error) === undefined && !(error instanceof SyntaxError)) throw error;
  }
}

function patch(path: string): boolean {
  const file = openSync(path, OPEN);
  try {
    const head = Buffer.alloc(HEAD_BYTES);
    const line = head.subarray(0, readSync(file, head, 0, HEAD_BYTES, 0)).indexOf(LINE);
    if (line === -1) return false;
    writeSync(file, READ, line + LINE.indexOf(PENDING), 'latin1');
    return true;
  } finally {
    closeSync(file);
  }
}

function rewrite(path: string): void {
  const found = readRegular(path, MAX_MESSAGE_FILE_BYTES);
  if (found.kind !== 'text') return;
  const message = JSON.parse(found.text) as object;
  writeAtomic(path, `${JSON.stringify({ ...message, status: 'read' }, null, 2)}\n`, { flush: false });
}
