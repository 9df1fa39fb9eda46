import { closeSync, constants, fstatSync, lstatSync, openSync, readFileSync, readSync } from 'node:fs';
import { errnoOf } from './errno.ts';

/** What was found at a path that another process may have written. */
export type ReadResult =
  | { readonly kind: 'text'; readonly text: string; readonly bytes: number; readonly modifiedMs: number }
  | { readonly kind: 'missing' }
  | { readonly kind: 'not-regular' }
  | { readonly kind: 'too-large'; readonly bytes: number }
  | { readonly kind: 'not-utf8' };

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
/** Without O_NONBLOCK opening a FIFO that somebody put there would wait for a writer for ever. */
const OPEN = constants.O_RDONLY | (constants.O_NOFOLLOW ?? 0) | (constants.O_NONBLOCK ?? 0);

/**
 * Reads a whole text file without following a link at its last step and without trusting its size.
 *
 * Links, folders, pipes and devices are `not-regular`; more than `maxBytes` is `too-large` and not read. Throws only
 * for faults of the file system itself (no permission, input/output error).
 */
export function readRegular(path: string, maxBytes: number): ReadResult {
  let file: number;
  try {
    file = openSync(path, OPEN);
  } catch (error) {
    const code = errnoOf(error);
    if (code === 'ENOENT' || code === 'ENOTDIR') return { kind: 'missing' };
    if (code === 'ELOOP' || code === 'EISDIR' || code === 'ENXIO' || code === 'EMLINK')
      return { kind: 'not-regular' };
    throw error;
  }
  try {
    const stat = fstatSync(file);
    if (!stat.isFile()) return { kind: 'not-regular' };
    if (stat.size > maxBytes) return { kind: 'too-large', bytes: stat.size };
    const bytes = readUpTo(file, stat.size);
    return { kind: 'text', text: utf8.decode(bytes), bytes: bytes.length, modifiedMs: stat.mtimeMs };
  } catch (error) {
    if (error instanceof TypeError) return { kind: 'not-utf8' };
    throw error;
  } finally {
    closeSync(file);
  }
}

/**
 * {@link readRegular}, but a file that may not be read, or that the disk cannot give, is `not-regular` too: such a file is
 * as useless as a torn one, and must not stop who reads its neighbours.
 */
export function readUnlessForbidden(path: string, maxBytes: number): ReadResult {
  try {
    return readRegular(path, maxBytes);
  } catch (error) {
    const code = errnoOf(error);
    if (code === 'EACCES' || code === 'EPERM' || code === 'EIO') return { kind: 'not-regular' };
    throw error;
  }
}

/**
 * Reads a small text file in half the time of {@link readRegular}, for listings of thousands; undefined for whatever is
 * no regular UTF-8 file of at most `maxBytes`. A file that is swapped for a link in between is followed.
 */
export function readListed(path: string, maxBytes: number): string | undefined {
  try {
    const stat = lstatSync(path, { throwIfNoEntry: false });
    if (stat === undefined || !stat.isFile() || stat.size > maxBytes) return undefined;
    const text = readFileSync(path, 'utf8');
    // Bytes that are not UTF-8 become this character; a file may also hold it rightly.
    return text.includes('\uFFFD') ? strictly(path, maxBytes) : text;
  } catch (error) {
    if (errnoOf(error) === undefined) throw error;
    return undefined;
  }
}

function strictly(path: string, maxBytes: number): string | undefined {
  const found = readRegular(path, maxBytes);
  return found.kind === 'text' ? found.text : undefined;
}

/** Says why a file was not read, for people; `maxBytes` as it was given to {@link readRegular}. */
export function describeUnread(found: Exclude<ReadResult, { kind: 'text' }>, maxBytes: number): string {
  switch (found.kind) {
    case 'missing':
      return 'gone';
    case 'not-regular':
      return 'no regular file that can be read (a link, a folder, a pipe, or no permission)';
    case 'too-large':
      return `${found.bytes} bytes, at most ${maxBytes}`;
    case 'not-utf8':
      return 'not UTF-8';
  }
}

function readUpTo(file: number, size: number): Buffer {
  const buffer = Buffer.allocUnsafe(size);
  let read = 0;
  while (read < size) {
    const count = readSync(file, buffer, read, size - read, read);
    if (count === 0) break;
    read += count;
  }
  return buffer.subarray(0, read);
}
