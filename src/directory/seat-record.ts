import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import * as z from 'zod/mini';
import { writeAtomic } from '../lib/atomic-write.ts';
import { unlessGone } from '../lib/errno.ts';
import { tryWithLock, withLock } from '../lib/file-lock.ts';
import { readListed } from '../lib/read-regular.ts';
import { buildFacade, hasFacade } from '../mailbox/facade.ts';
import type { SeatFolder } from '../mailbox/seat-folder.ts';
import { storing } from '../mailbox/storage-error.ts';
import { parseJson } from '../protocol/json.ts';
import { MAX_SEAT_FILE_BYTES, parseSeatRecord, type SeatRecord } from '../protocol/seat.ts';

const ATTEMPTS = 50;
const BETWEEN_ATTEMPTS_MS = 10;

/** What `seat.json` of a seat says; undefined when it is missing or no such record. */
export function readSeatRecord(folder: Pick<SeatFolder, 'id' | 'record'>): SeatRecord | undefined {
  const text = readListed(folder.record, MAX_SEAT_FILE_BYTES);
  const record = text === undefined ? undefined : parseSeatRecord(text);
  return record?.sessionId === folder.id ? record : undefined;
}

/** The keys of a record as they lie on disk. */
function rawRecord(folder: SeatFolder): Partial<SeatRecord> {
  const text = readListed(folder.record, MAX_SEAT_FILE_BYTES);
  return text === undefined ? {} : (parseJson(text, z.custom<Partial<SeatRecord>>(isObject)) ?? {});
}

function isObject(value: unknown): boolean {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Writes a whole `seat.json`. */
export function writeSeatRecord(folder: SeatFolder, record: SeatRecord): void {
  writeAtomic(folder.record, `${JSON.stringify(record, null, 2)}\n`, { flush: false });
}

/**
 * Changes some keys of `seat.json` and brings the façade's manifest along where a façade stands.
 *
 * Keys that others wrote meanwhile stay. Returns the new record, or undefined when the seat has no record. After half a
 * second of finding the file locked it is written all the same: a seat's description is no message.
 */
export async function updateSeatRecord(
  root: string,
  folder: SeatFolder,
  change: Partial<SeatRecord>,
): Promise<SeatRecord | undefined> {
  const what = `The record of seat ${folder.id} could not be changed`;
  let updated: SeatRecord | undefined;
  const apply = (): void => {
    const record = readSeatRecord(folder);
    if (record === undefined) return;
    updated = { ...record, ...change };
    // A word of a newer version that reads as a default here stays what it is.
    writeSeatRecord(folder, { ...record, ...rawRecord(folder), ...change });
    if (hasFacade(root, folder.id)) buildFacade(root, updated);
  };
  for (let attempt = 0; attempt < ATTEMPTS; attempt += 1) {
    // The folder of a seat that was removed has no room for a lock.
    if (storing(what, () => unlessGone(() => tryWithLock(lockOf(folder), apply), true))) return updated;
    await sleep(BETWEEN_ATTEMPTS_MS);
  }
  storing(what, apply);
  return updated;
}

/**
 * Runs `work`, which changes who is said to sit on a seat, while nobody else changes its record; blocks for at most half
 * a second, after which it runs all the same.
 */
export function withSeatLock(folder: SeatFolder, work: () => void): void {
  const ran = withLock(lockOf(folder), { work, patienceMs: ATTEMPTS * BETWEEN_ATTEMPTS_MS });
  if (!ran) work();
}

function lockOf(folder: SeatFolder): string {
  return join(folder.path, '.seat-lock');
}
