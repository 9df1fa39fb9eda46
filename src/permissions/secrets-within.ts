import { type Dirent, readdirSync, statSync } from 'node:fs';
import { join, relative, resolve } from 'node:path';
import { unlessGone } from '../lib/errno.ts';
import { protectedName, type Surroundings } from './protected-paths.ts';

/** A larger folder is not looked through before a call: it counts as having some. */
const MOST_ENTRIES = 20_000;
/** What a search leaves out by itself, or what holds nobody's own secrets. */
const SKIPPED = /^\.|^node_modules$/;

/** A file of secrets, by its name, that a search through a folder would come upon; hidden files are left out by it. */
export function secretWithin(folder: string, { cwd }: Surroundings): string | undefined {
  const root = resolve(cwd, folder);
  if (!unlessGone(() => statSync(root).isDirectory(), false)) return undefined;
  let left = MOST_ENTRIES;
  const waiting = [root];
  for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
    const here = next;
    for (const entry of unlessGone<Dirent[]>(() => readdirSync(here, { withFileTypes: true }), [])) {
      if (SKIPPED.test(entry.name)) continue;
      left -= 1;
      const path = relative(cwd, join(here, entry.name));
      if (left < 0) return `${path} and more files than can be looked at`;
      if (entry.isDirectory()) waiting.push(join(here, entry.name));
      else if (protectedName(path, 'read') !== undefined) return path;
    }
  }
  return undefined;
}
