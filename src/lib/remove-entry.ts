import { rmSync, unlinkSync } from 'node:fs';
import { errnoOf, unlessGone } from './errno.ts';

/**
 * Removes a file, or the folder that somebody put in its place with all that is in it; a link is removed, not followed.
 *
 * Does nothing when it is gone. Throws what the file system threw.
 */
export function removeEntry(path: string): void {
  try {
    unlessGone(() => unlinkSync(path), undefined);
  } catch (error) {
    // Linux says EISDIR of a folder, others EPERM.
    const code = errnoOf(error);
    if (code !== 'EISDIR' && code !== 'EPERM') throw error;
    rmSync(path, { recursive: true, force: true });
  }
}
