import { lstatSync, readdirSync, unlinkSync } from 'node:fs';
import { join } from 'node:path';
import { errnoOf } from './errno.ts';

/**
 * Removes the regular files in a folder whose name `isMeant` takes and that were last changed before `olderThanMs`.
 *
 * Anything else under such a name stays, and so does what the system refuses to remove: one odd entry must not keep its
 * neighbours, or whoever looks after the folder, from going on. Never throws for what it finds.
 */
export function removeOldFiles(
  folder: string,
  { isMeant, olderThanMs }: { isMeant: (name: string) => boolean; olderThanMs: number },
): void {
  for (const name of unlessRefused(() => readdirSync(folder)) ?? [])
    if (isMeant(name)) removeOldFile(join(folder, name), olderThanMs);
}

/** The same for one path. */
export function removeOldFile(path: string, olderThanMs: number): void {
  unlessRefused(() => {
    const stat = lstatSync(path);
    if (stat.isFile() && stat.mtimeMs < olderThanMs) unlinkSync(path);
  });
}

function unlessRefused<T>(work: () => T): T | undefined {
  try {
    return work();
  } catch (error) {
    if (errnoOf(error) === undefined) throw error;
    return undefined;
  }
}
