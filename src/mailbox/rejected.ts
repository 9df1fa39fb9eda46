import { lutimesSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { moveOver, writeAtomic } from '../lib/atomic-write.ts';
import { errnoOf } from '../lib/errno.ts';
import { randomId } from '../lib/random-id.ts';
import { CahootsError } from '../protocol/errors.ts';
import type { MessageId } from '../protocol/ids.ts';
import { INVALID_SHARD, pastPathForWriting } from './past.ts';
import { isOwnFolder, makeFolder, type SeatFolder } from './seat-folder.ts';

/**
 * Moves a file that is no valid message out of the reader's way, with a text beside it that says why; returns whether
 * it did. Once: of several readers that reject the same file one moves it. Links and folders are moved as they are,
 * never followed. What cannot be moved (a folder without permission or of somebody else, a full disk) stays: it must stop no
 * reader.
 */
export function rejectInvalid(folder: SeatFolder, path: string, reason: string): boolean {
  const safeName = basename(path)
    .replace(/[^a-zA-Z0-9._-]/g, '_')
    .slice(0, 80);
  try {
    if (!isOwnFolder(folder.rejected)) return false;
    const to = join(folder.rejected, INVALID_SHARD);
    makeFolder(to);
    const place = join(to, `${safeName}.${randomId(6)}`);
    if (!moveOver(path, place)) return false;
    touch(place);
    writeReason(() => writeFileSync(`${place}.reason`, `${reason}\n`, { flag: 'wx', mode: 0o600 }));
    return true;
  } catch (error) {
    if (errnoOf(error) === undefined && !(error instanceof CahootsError)) throw error;
    return false;
  }
}

/** Moves a valid message that will not be handled (expired, denied) to where a second copy of it is found. */
export function rejectMessage(
  folder: SeatFolder,
  { id, path, reason }: { id: MessageId; path: string; reason: string },
): void {
  const place = pastPathForWriting(folder.rejected, id);
  writeReason(() => writeAtomic(`${place}.reason`, `${reason}\n`, { flush: false }));
  if (moveOver(path, place)) touch(place);
}

/** What is kept is kept from now on, however old the file is. */
function touch(place: string): void {
  const now = Date.now() / 1000;
  lutimesSync(place, now, now);
}

/** The disk may be full just now: the file itself is safe already, and a missing reason must stop no reader. */
function writeReason(write: () => void): void {
  try {
    write();
  } catch (error) {
    if (errnoOf(error) === undefined) throw error;
  }
}
