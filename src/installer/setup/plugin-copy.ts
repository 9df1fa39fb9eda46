import {
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
  utimesSync,
} from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { errnoOf, unlessGone } from '../../lib/errno.ts';
import { randomId } from '../../lib/random-id.ts';
import { storageError } from '../../mailbox/storage-error.ts';
import type { InstallContext } from '../install-context.ts';
import { MARKETPLACE_FILE, PLUGIN_FOLDER, pluginDigest, pluginVersion } from './package-files.ts';

/** Sessions that are running load files of the copy that they were started with. */
const KEEP_OLD_COPIES_MS = 14 * 24 * 60 * 60 * 1000;
const UNFINISHED = '.new-';

/**
 * The folder in which setup keeps copies of the plugin for Claude Code. Sessions load a plugin of a marketplace in a
 * folder from that very folder (seen with 2.1.197 and 2.1.329), so it must outlive an `npx` folder or a Node version.
 *
 * Follows from the home folder alone: a variable that a project can set must not say where a session's programs are.
 */
export function copiesFolder(home: string): string {
  if (process.platform === 'darwin')
    return join(home, 'Library', 'Application Support', 'cahoots', 'plugins');
  if (process.platform === 'win32') return join(home, 'AppData', 'Local', 'cahoots', 'plugins');
  return join(home, '.local', 'share', 'cahoots', 'plugins');
}

/** Where the copy of a package's plugin is, or will be. Its name says the version and the content. */
export function copyOf(home: string, packageRoot: string): string {
  const version = pluginVersion(packageRoot) ?? '0';
  const digest = pluginDigest(join(packageRoot, PLUGIN_FOLDER)) ?? '0';
  return join(copiesFolder(home), `${version}-${digest}`);
}

/**
 * Copies the plugin and its marketplace out of the package, unless the same copy is there whole. Throws a storage error;
 * no half copy is left under the final name then.
 */
export function placeCopy(packageRoot: string, copy: string): void {
  const folder = join(copy, '..');
  const digest = pluginDigest(join(packageRoot, PLUGIN_FOLDER));
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    const isWhole = existsSync(join(copy, MARKETPLACE_FILE)) && digestOfCopy(copy) === digest;
    if (isWhole) touch(copy);
    else writeCopy(packageRoot, { copy, temporary: join(folder, `${UNFINISHED}${randomId(8)}`) });
  } catch (error) {
    throw storageError(error, `The plugin cannot be copied to ${copy}`);
  }
}

/** Whether a name in {@link copiesFolder} is that of a copy, finished or not. */
export function isCopyName(name: string): boolean {
  return /^\d+\.\d+\.\d+.*-[0-9a-f]{16}$/.test(name) || name.startsWith(UNFINISHED);
}

/**
 * Notes that sessions could be started from a copy until now: the age of a copy that is not used any more counts from
 * here. Does nothing for a folder that is no copy of ours.
 */
export function markReplaced({ paths: { home } }: InstallContext, path: string): void {
  if (dirname(path) !== copiesFolder(home) || !isCopyName(basename(path))) return;
  unlessGone(() => touch(path), undefined);
}

/** Removes copies of earlier set-ups that no session can be using any more; returns their paths. */
export function pruneCopies({ paths: { home }, clock }: InstallContext, current: string): string[] {
  const folder = copiesFolder(home);
  const old = unlessGone(() => readdirSync(folder), [])
    .filter(isCopyName)
    .map((name) => join(folder, name))
    .filter((path) => path !== current)
    .filter(
      (path) => clock.now() - unlessGone(() => statSync(path).mtimeMs, clock.now()) > KEEP_OLD_COPIES_MS,
    );
  for (const path of old) rmSync(path, { recursive: true, force: true });
  return old;
}

/** The content of the plugin in a copy. */
export function digestOfCopy(copy: string): string | undefined {
  return pluginDigest(join(copy, PLUGIN_FOLDER));
}

function writeCopy(packageRoot: string, { copy, temporary }: { copy: string; temporary: string }): void {
  try {
    const parts = [PLUGIN_FOLDER, '.claude-plugin'];
    for (const part of parts) {
      // npm may have made the package of links into a store.
      cpSync(join(packageRoot, part), join(temporary, part), { recursive: true, dereference: true });
    }
    // A damaged copy goes aside first: a rename does not replace a folder that is not empty.
    if (existsSync(copy)) renameSync(copy, `${temporary}-damaged`);
    moveIntoPlace(temporary, copy);
  } finally {
    rmSync(temporary, { recursive: true, force: true });
    rmSync(`${temporary}-damaged`, { recursive: true, force: true });
  }
}

function moveIntoPlace(temporary: string, copy: string): void {
  try {
    renameSync(temporary, copy);
  } catch (error) {
    // Another setup at the same moment made the same copy.
    const code = errnoOf(error);
    if (code !== 'ENOTEMPTY' && code !== 'EEXIST') throw error;
  }
  touch(copy);
}

function touch(copy: string): void {
  const now = new Date();
  utimesSync(copy, now, now);
}
