import { closeSync, lstatSync, openSync, readdirSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { placeExclusive } from './atomic-write.ts';
import { unlessGone } from './errno.ts';
import { livenessOf, type ProcessIdentity, thisProcess } from './process-identity.ts';
import { randomId } from './random-id.ts';
import { readRegular } from './read-regular.ts';
import { removeEntry } from './remove-entry.ts';

/** A lock of a process that cannot be seen from here is taken to be left behind after this long: the work is short. */
const FOREIGN_PATIENCE_MS = 10_000;
const BETWEEN_ATTEMPTS_MS = 3;
const MAX_LOCK_BYTES = 4096;

/**
 * Runs `work` while this process alone holds the lock, and returns true; returns false without running it when another
 * living process holds it. The lock of a dead process is taken over. `work` must be short.
 *
 * The lock is a file that is created exclusively and names its owner. Only its owner removes it, or whoever is alone in
 * taking over a lock whose owner is dead: so nobody can remove the lock of a living process.
 */
export function tryWithLock(path: string, work: () => void): boolean {
  const mine = ownMark();
  if (!place(path, mine)) return false;
  try {
    work();
    return true;
  } finally {
    if (contentOf(path) === mine) removeEntry(path);
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
    block(BETWEEN_ATTEMPTS_MS * (0.5 + Math.random()));
  }
}

function ownMark(): string {
  const { pid, start, host } = thisProcess();
  return [pid, start, host, randomId(8)].join('~');
}

function place(path: string, mine: string): boolean {
  if (placeExclusive(path, mine, { flush: false }) === 'placed') return true;
  if (!isAbandoned(path)) return false;
  aloneOrNot(`${path}-takeover`, () => {
    // Looked at again: while this process was alone, nobody but a dead owner could have removed it.
    if (isAbandoned(path)) removeEntry(path);
  });
  return placeExclusive(path, mine, { flush: false }) === 'placed';
}

function isAbandoned(path: string): boolean {
  const content = contentOf(path);
  return content !== undefined && isMarkOfGone(content, path);
}

function contentOf(path: string): string | undefined {
  const found = readRegular(path, MAX_LOCK_BYTES);
  if (found.kind === 'missing') return undefined;
  return found.kind === 'text' ? found.text : '';
}

/**
 * Runs `work` unless another living process is at the same thing or about to be. Each process puts up a file of its own
 * (`<path>~<mark>`) and then looks for those of others: of two, at least the one that looks last sees the other. No name
 * is used twice, so removing what a dead process left can never hit a living one.
 */
function aloneOrNot(path: string, work: () => void): void {
  const mine = `${path}~${ownMark()}`;
  closeSync(openSync(mine, 'wx', 0o600));
  try {
    if (!isWantedByOthers(path, mine)) work();
  } finally {
    removeEntry(mine);
  }
}

function isWantedByOthers(path: string, mine: string): boolean {
  const folder = dirname(path);
  const prefix = `${basename(path)}~`;
  let wanted = false;
  for (const name of readdirSync(folder)) {
    if (!name.startsWith(prefix) || name === basename(mine)) continue;
    const other = join(folder, name);
    if (isMarkOfGone(name.slice(prefix.length), other)) removeEntry(other);
    else wanted = true;
  }
  return wanted;
}

/** Whether the mark in or on the file at `path` is of a process that is gone, or of none at all. */
function isMarkOfGone(mark: string, path: string): boolean {
  const owner = parseMark(mark);
  if (owner === undefined) return true;
  switch (livenessOf(owner)) {
    case 'alive':
      return false;
    case 'dead':
      return true;
    case 'unknown':
      return Date.now() - unlessGone(() => lstatSync(path).mtimeMs, Date.now()) > FOREIGN_PATIENCE_MS;
  }
}

function parseMark(mark: string): ProcessIdentity | undefined {
  const [, pid, start, host] = /^(\d{1,10})~(\d{1,20})~([0-9a-f]{8})~\w+$/.exec(mark) ?? [];
  return pid === undefined || start === undefined || host === undefined
    ? undefined
    : { pid: Number(pid), start, host };
}

function block(ms: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);
}
