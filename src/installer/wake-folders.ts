import { lstatSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { unlessGone } from '../lib/errno.ts';
import { livenessOf } from '../lib/process-identity.ts';

const NAME = /^([0-9a-f]{8})-(\d{1,10})-(\d{1,20})$/;
/** A process of another boot or container cannot be seen from here. */
const FOREIGN_PATIENCE_MS = 7 * 24 * 60 * 60 * 1000;

/** Where the files are by which sessions are woken: a folder for each process of Claude Code, named after it. */
export function wakeFolder(root: string): string {
  return join(root, 'wake');
}

/** Whether a name is one that the wake folder of a process has. */
export function isWakeFolder(name: string): boolean {
  return NAME.test(name);
}

/** The wake folders whose session has ended. */
export function staleWakeFolders(root: string, nowMs: number): string[] {
  return unlessGone(() => readdirSync(wakeFolder(root)), []).flatMap((name) => {
    const [, host, pid, start] = NAME.exec(name) ?? [];
    if (host === undefined || pid === undefined || start === undefined) return [];
    const path = join(wakeFolder(root), name);
    const liveness = livenessOf({ host, pid: Number(pid), start });
    const isOld = nowMs - unlessGone(() => lstatSync(path).mtimeMs, nowMs) > FOREIGN_PATIENCE_MS;
    return liveness === 'dead' || (liveness === 'unknown' && isOld) ? [path] : [];
  });
}
