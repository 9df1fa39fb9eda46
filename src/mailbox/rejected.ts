import { mkdirSync, renameSync } from 'node:fs';
import { basename, join } from 'node:path';
import { writeAtomic } from '../lib/atomic-write.ts';
import { errnoOf, unlessGone } from '../lib/errno.ts';
import { randomId } from '../lib/random-id.ts';
import type { MessageId } from '../protocol/ids.ts';
import { pastPathForWriting } from './past.ts';
import type { SeatFolder } from './seat-folder.ts';

/** Folder in `rejected/` for what is no valid message: its file name may be anything. */
const INVALID = 'invalid';

/**
 * Moves a file that is no valid message out of the reader's way, with a text beside it that says why. Once: of several
 * readers that reject the same file one moves it. Links and folders are moved as they are, never followed.
 */
export function rejectInvalid(folder: SeatFolder, path: string, reason: string): void {
  const to = join(folder.rejected, INVALID);
  mkdirSync(to, { recursive: true, mode: 0o700 });
  const safeName = basename(path)
    .replace(/[^a-zA-Z0-9._-]/g, '_')
    .slice(0, 80);
  const place = join(to, `${safeName}.${randomId(6)}`);
  const moved = unlessGone(() => {
    renameSync(path, place);
    return true;
  }, false);
  if (moved) writeReason(place, reason);
}

/** Moves a valid message that will not be handled (expired, denied) to where a second copy of it is found. */
export function rejectMessage(
  folder: SeatFolder,
  { id, path, reason }: { id: MessageId; path: string; reason: string },
): void {
  const place = pastPathForWriting(folder.rejected, id);
  writeReason(place, reason);
  unlessGone(() => renameSync(path, place), undefined);
}

/** The disk may be full just now: the file itself is safe already, and a missing reason must stop no reader. */
function writeReason(place: string, reason: string): void {
  try {
    writeAtomic(`${place}.reason`, `${reason}\n`, { flush: false });
  } catch (error) {
    if (errnoOf(error) === undefined) throw error;
  }
}
