import { closeSync, openSync, readdirSync, statSync, unlinkSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { unlessGone } from './errno.ts';
import { livenessOf, thisProcess } from './process-identity.ts';
import { randomId } from './random-id.ts';

/** A lock of a process that cannot be seen from here is taken to be left behind after this long: the work is short. */
const FOREIGN_PATIENCE_MS = 10_000;
const BETWEEN_ATTEMPTS_MS = 3;
const SEPARATOR = '~';

/**
 * Runs `work` while this process alone holds the lock, and returns true; returns false without running it when another
 * living process holds it or tries for it at this moment. A lock of a dead process does not count. `work` must be short.
 *
 * Each process that wants the lock puts up a file of its own (`<path>~<process>~<random>`) and then looks for those of
 * others: of two, at least the one that looks last sees the other. No name is ever used twice, so removing what a dead
 * process left can never hit the lock of a living one.
 */
export function tryWithLock(path: string, work: () => void): boolean {
  const mine = ownName(path);
  closeSync(openSync(mine, 'wx', 0o600));
  try {
    if (isWantedByOthers(path, mine)) return false;
    work();
    return true;
  } finally {
    unlessGone(() => unlinkSync(mine), undefined);
  }
}

/**
 * Like {@link tryWithLock}, but blocks the thread until the lock is free. Returns false, without having run `work`, when
 * it was not free within `patienceMs`.
 */
export function withLock(
  path: string,
  { work, patienceMs }: { work: () => void; patienceMs: number },
): boolean {
  const until = performance.now() + patienceMs;
  for (;;) {
    if (tryWithLock(path, work)) return true;
    if (performance.now() >= until) return false;
    // Not in step: two that try at the same moment would see each other again.
    block(BETWEEN_ATTEMPTS_MS * (0.5 + Math.random()));
  }
}

function ownName(path: string): string {
  const { pid, start, host } = thisProcess();
  return [path, pid, start, host, randomId(8)].join(SEPARATOR);
}

function isWantedByOthers(path: string, mine: string): boolean {
  const folder = dirname(path);
  const prefix = basename(path) + SEPARATOR;
  let wanted = false;
  for (const name of readdirSync(folder)) {
    if (!name.startsWith(prefix) || name === basename(mine)) continue;
    const other = join(folder, name);
    if (isAbandoned(name.slice(prefix.length), other)) unlessGone(() => unlinkSync(other), undefined);
    else wanted = true;
  }
  return wanted;
}

function isAbandoned(owner: string, path: string): boolean {
  const [, pid, start, host] = /^(\d{1,10})~(\d{1,20})~([0-9a-f]{8})~\w+$/.exec(owner) ?? [];
  if (pid === undefined || start === undefined || host === undefined) return true;
  switch (livenessOf({ pid: Number(pid), start, host })) {
    case 'alive':
      return false;
    case 'dead':
      return true;
    case 'unknown':
      return Date.now() - unlessGone(() => statSync(path).mtimeMs, Date.now()) > FOREIGN_PATIENCE_MS;
  }
}

function block(ms: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);
}
