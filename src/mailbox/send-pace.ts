import { closeSync, constants, fstatSync, openSync, readSync } from 'node:fs';
import { join } from 'node:path';
import { appendToFile } from '../lib/append.ts';
import { writeAtomic } from '../lib/atomic-write.ts';
import { unlessGone } from '../lib/errno.ts';
import type { SeatId } from '../protocol/ids.ts';
import { makeFolder, type SeatFolder } from './seat-folder.ts';
import { storing } from './storage-error.ts';

/** One time: milliseconds since the epoch in base 36, nine digits until the year 5188, and a line end. */
const ENTRY_BYTES = 10;
const MAX_ENTRIES = 1_000;
const WINDOW_MS = 60_000;

/**
 * The times, in the minute before `nowMs`, at which a seat sent something to a peer, at most the last `limit`. Costs the
 * same whatever was sent before; a clock that was set back counts nothing of what it says is still to come.
 */
export function sentLately(
  folder: SeatFolder,
  peer: SeatId,
  { nowMs, limit }: { nowMs: number; limit: number },
): number[] {
  return lastTimes(paceFile(folder, peer), limit).filter((time) => time > nowMs - WINDOW_MS && time <= nowMs);
}

/** Notes that a seat has sent something to a peer. Throws a storage error. */
export function noteSent(folder: SeatFolder, peer: SeatId, nowMs: number): void {
  storing(`The pace of what is sent to ${peer} could not be noted`, () => {
    makeFolder(paceFolder(folder));
    const path = paceFile(folder, peer);
    const bytes = appendToFile(path, entry(nowMs));
    // Two that cut it at once lose some times of the other: a guard against storms needs no more than that.
    if (bytes > 4 * MAX_ENTRIES * ENTRY_BYTES)
      writeAtomic(path, lastTimes(path, MAX_ENTRIES).map(entry).join(''), { flush: false });
  });
}

function paceFolder(folder: SeatFolder): string {
  return join(folder.path, 'pace');
}

function paceFile(folder: SeatFolder, peer: SeatId): string {
  return join(paceFolder(folder), peer);
}

function entry(timeMs: number): string {
  return `${Math.round(timeMs)
    .toString(36)
    .padStart(ENTRY_BYTES - 1, '0')}\n`;
}

function lastTimes(path: string, limit: number): number[] {
  const flags = constants.O_RDONLY | (constants.O_NOFOLLOW ?? 0) | (constants.O_NONBLOCK ?? 0);
  const file = unlessGone(() => openSync(path, flags), undefined);
  if (file === undefined) return [];
  try {
    const { size } = fstatSync(file);
    const bytes = Buffer.alloc(Math.min(size, Math.min(limit, MAX_ENTRIES) * ENTRY_BYTES));
    const text = bytes.toString('latin1', 0, readSync(file, bytes, 0, bytes.length, size - bytes.length));
    return text
      .split('\n')
      .flatMap((line) => (/^[0-9a-z]{9}$/.test(line) ? [Number.parseInt(line, 36)] : []));
  } finally {
    closeSync(file);
  }
}
