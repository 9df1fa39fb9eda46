import { statSync, unlinkSync } from 'node:fs';
import { placeExclusive } from './atomic-write.ts';
import { unlessGone } from './errno.ts';
import { livenessOf, thisProcess } from './process-identity.ts';
import { readRegular } from './read-regular.ts';

/** A lock that was kept this long belongs to a process that was stopped in the middle: the work under it is short. */
const STALE_MS = 10_000;

/**
 * Runs `work` while this process alone holds the lock file, and returns true; returns false without running it when
 * another living process holds it. A lock of a dead process is taken over. `work` must be short.
 */
export function tryWithLock(path: string, work: () => void): boolean {
  const mine = JSON.stringify(thisProcess());
  if (placeExclusive(path, mine, { flush: false }) === 'exists') {
    if (!isAbandoned(path)) return false;
    unlessGone(() => unlinkSync(path), undefined);
    if (placeExclusive(path, mine, { flush: false }) === 'exists') return false;
  }
  try {
    work();
  } finally {
    unlessGone(() => unlinkSync(path), undefined);
  }
  return true;
}

function isAbandoned(path: string): boolean {
  const found = readRegular(path, 4096);
  if (found.kind !== 'text') return found.kind !== 'missing';
  const owner = /"pid":(\d+),"start":"(\d+)","host":"([0-9a-f]{8})"/.exec(found.text);
  const [, pid, start, host] = owner ?? [];
  if (pid === undefined || start === undefined || host === undefined) return true;
  if (livenessOf({ pid: Number(pid), start, host }) === 'dead') return true;
  return Date.now() - unlessGone(() => statSync(path).mtimeMs, Date.now()) > STALE_MS;
}
