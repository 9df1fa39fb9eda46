import { lstatSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { unlessGone } from '../../../lib/errno.ts';
import { livenessOf, type ProcessIdentity } from '../../../lib/process-identity.ts';

/** The folder of a session that cannot be seen from here (another boot or container) is kept this long. */
const FOREIGN_PATIENCE_MS = 30 * 24 * 60 * 60 * 1000;

/** The name of the folder with the wake files of one `claude` process. */
export function wakeFolderName({ pid, start, host }: ProcessIdentity): string {
  return `${host}-${pid}-${start}`;
}

/** Where the wake files of all sessions are. */
export function wakeFoldersOf(root: string): string {
  return join(root, 'wake');
}

/** Removes the wake files of sessions that have ended, so that they do not add up. Anything else there stays. */
export function removeEndedWakeFolders(root: string, nowMs: number): void {
  for (const name of unlessGone(() => readdirSync(wakeFoldersOf(root)), [])) {
    const path = join(wakeFoldersOf(root), name);
    const owner = ownerOf(name);
    if (owner !== undefined && hasEnded(owner, path, nowMs)) rmSync(path, { recursive: true, force: true });
  }
}

function ownerOf(name: string): ProcessIdentity | undefined {
  const [, host, pid, start] = /^([0-9a-f]{8})-(\d{1,10})-(\d{1,20})$/.exec(name) ?? [];
  if (host === undefined || pid === undefined || start === undefined) return undefined;
  return { host, pid: Number(pid), start };
}

function hasEnded(owner: ProcessIdentity, path: string, nowMs: number): boolean {
  switch (livenessOf(owner)) {
    case 'alive':
      return false;
    case 'dead':
      return true;
    case 'unknown':
      return nowMs - unlessGone(() => lstatSync(path).mtimeMs, nowMs) > FOREIGN_PATIENCE_MS;
  }
}
