import {
  closeSync,
  constants,
  existsSync,
  fsyncSync,
  linkSync,
  openSync,
  renameSync,
  statSync,
  unlinkSync,
  utimesSync,
  writeSync,
} from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { errnoOf, unlessGone } from './errno.ts';
import { randomId } from './random-id.ts';

/** Temporary files start with this, so that no reader takes one for content and a sweep knows them. */
export const TEMPORARY_PREFIX = '.tmp-';

const CREATE = constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | (constants.O_NOFOLLOW ?? 0);

/** A check and a rename take microseconds. */
const GUARD_PATIENCE_MS = 2000;

export interface WriteOptions {
  /** Wait until the content is on the disk, not only in the page cache. */
  readonly flush: boolean;
  /** The modification time to give the file, in milliseconds since the epoch; now when left out. */
  readonly modifiedMs?: number;
}

/**
 * Replaces `path` by `content` in one step: a reader sees the old file or the whole new one, never a part.
 *
 * The file gets mode 0600. Throws what the file system threw; the temporary file is removed then.
 */
export function writeAtomic(path: string, content: string, options: WriteOptions): void {
  const temporary = writeTemporary(dirname(path), content, options);
  try {
    renameSync(temporary, path);
  } catch (error) {
    unlessGone(() => unlinkSync(temporary), undefined);
    throw error;
  }
}

/**
 * Creates `path` with `content` in one step unless it exists.
 *
 * Returns `placed`, or `exists` when there was a file of that name, which stays as it was. Of several processes that
 * place the same path at once exactly one gets `placed`.
 */
export function placeExclusive(path: string, content: string, options: WriteOptions): 'placed' | 'exists' {
  const temporary = writeTemporary(dirname(path), content, options);
  try {
    return linkExclusive(temporary, path);
  } finally {
    unlessGone(() => unlinkSync(temporary), undefined);
  }
}

/**
 * Writes `content` to a file that must not exist yet, under its final name: a kill in the middle leaves a part of it.
 * For files that nobody reads while their writer lives. Throws what the file system threw, `EEXIST` among it.
 */
export function writeNew(path: string, content: string, options: WriteOptions): void {
  const file = openSync(path, CREATE, 0o600);
  try {
    writeAll(file, Buffer.from(content));
    if (options.flush) fsyncSync(file);
  } finally {
    closeSync(file);
  }
}

/** Renames `from` to `to`, over whatever file is there; returns false when `from` is gone. */
export function moveOver(from: string, to: string): boolean {
  return unlessGone(() => {
    renameSync(from, to);
    return true;
  }, false);
}

/**
 * Moves `from` to `to` unless there is a file, which then stays as it was while `from` stays too (`exists`).
 *
 * A kill in the middle leaves the file under both names.
 */
export function moveExclusive(from: string, to: string): 'placed' | 'exists' {
  const placed = linkExclusive(from, to);
  if (placed === 'placed') unlessGone(() => unlinkSync(from), undefined);
  return placed;
}

/**
 * Gives the file `from` the second name `to` unless there is a file, which then stays as it was (`exists`).
 *
 * Returns `impossible` where the two cannot be one file: on file systems without hard links, and across two of them.
 */
export function linkNew(from: string, to: string): 'placed' | 'exists' | 'impossible' {
  try {
    linkSync(from, to);
    return 'placed';
  } catch (error) {
    const code = errnoOf(error);
    if (code === 'EEXIST') return 'exists';
    if (code !== undefined && LINKS_IMPOSSIBLE.has(code)) return 'impossible';
    throw error;
  }
}

const LINKS_IMPOSSIBLE: ReadonlySet<string> = new Set([
  'EPERM',
  'ENOTSUP',
  'EOPNOTSUPP',
  'ENOSYS',
  'EXDEV',
  'EMLINK',
]);

/** Writes `content` to a new file of a temporary name in `folder` and returns its path. */
function writeTemporary(folder: string, content: string, options: WriteOptions): string {
  const temporary = join(folder, `${TEMPORARY_PREFIX}${process.pid}-${randomId(8)}`);
  const file = openSync(temporary, CREATE, 0o600);
  try {
    writeAll(file, Buffer.from(content));
    if (options.flush) fsyncSync(file);
    if (options.modifiedMs !== undefined)
      utimesSync(temporary, options.modifiedMs / 1000, options.modifiedMs / 1000);
  } catch (error) {
    unlessGone(() => unlinkSync(temporary), undefined);
    throw error;
  } finally {
    closeSync(file);
  }
  return temporary;
}

function writeAll(file: number, bytes: Buffer): void {
  let written = 0;
  while (written < bytes.length) written += writeSync(file, bytes, written);
}

/** Gives `from` the second name `to`; file systems without hard links get a check and a rename under a guard instead. */
function linkExclusive(from: string, to: string): 'placed' | 'exists' {
  const linked = linkNew(from, to);
  if (linked !== 'impossible') return linked;
  return whileGuarded(to, () => {
    if (existsSync(to)) return 'exists';
    renameSync(from, to);
    return 'placed';
  });
}

/**
 * Runs `work` while nobody else places `path`: whoever does makes a guard file first. An empty file of the final name
 * would do as well, but readers would find it. The guard of a process that was killed is removed once it is old.
 */
function whileGuarded<T>(path: string, work: () => T): T {
  const guard = join(dirname(path), `${TEMPORARY_PREFIX}guard-${basename(path)}`);
  while (!createEmpty(guard)) {
    const madeMs = unlessGone(() => statSync(guard).mtimeMs, Number.POSITIVE_INFINITY);
    if (Date.now() - madeMs > GUARD_PATIENCE_MS) unlessGone(() => unlinkSync(guard), undefined);
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1);
  }
  try {
    return work();
  } finally {
    unlessGone(() => unlinkSync(guard), undefined);
  }
}

/** False when there is a file of that name. */
function createEmpty(path: string): boolean {
  try {
    closeSync(openSync(path, CREATE, 0o600));
    return true;
  } catch (error) {
    if (errnoOf(error) === 'EEXIST') return false;
    throw error;
  }
}
