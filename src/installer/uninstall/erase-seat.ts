import { readdirSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { unlessGone } from '../../lib/errno.ts';
import { randomId } from '../../lib/random-id.ts';
import { removeFacade } from '../../mailbox/facade.ts';
import { type SeatFolder, seatsFolder } from '../../mailbox/seat-folder.ts';

const ERASED = /^\.erased-[a-z0-9]{6}-\w+$/;

/**
 * Removes a seat with all that is in it, mail included: for a person who decided so, and for seats of our own making.
 * Retention, which must not lose mail, has its own way.
 */
export function eraseSeat(root: string, folder: SeatFolder): void {
  removeFacade(root, folder);
  // Under another name first: whoever looks meanwhile finds the whole seat or none.
  const leaving = join(seatsFolder(root), `.erased-${folder.id}-${randomId(6)}`);
  unlessGone(() => renameSync(folder.path, leaving), undefined);
  rmSync(leaving, { recursive: true, force: true });
}

/** What a process left that was killed while it erased a seat. */
export function halfErasedSeats(root: string): string[] {
  const names = unlessGone(() => readdirSync(seatsFolder(root)), []);
  return names.filter((name) => ERASED.test(name)).map((name) => join(seatsFolder(root), name));
}
