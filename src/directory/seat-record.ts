import { setTimeout as sleep } from 'node:timers/promises';
import { join } from 'node:path';
import { writeAtomic } from '../lib/atomic-write.ts';
import { tryWithLock } from '../lib/file-lock.ts';
import { readRegular } from '../lib/read-regular.ts';
import { buildFacade, hasFacade } from '../mailbox/facade.ts';
import type { SeatFolder } from '../mailbox/seat-folder.ts';
import { parseJson } from '../protocol/json.ts';
import { MAX_SEAT_FILE_BYTES, type SeatRecord, seatRecordSchema } from '../protocol/seat.ts';

const ATTEMPTS = 50;
const BETWEEN_ATTEMPTS_MS = 10;

/** What `seat.json` of a seat says; undefined when it is missing or no such record. */
export function readSeatRecord(folder: SeatFolder): SeatRecord | undefined {
  const found = readRegular(folder.record, MAX_SEAT_FILE_BYTES);
  const record = found.kind === 'text' ? parseJson(found.text, seatRecordSchema) : undefined;
  return record?.sessionId === folder.id ? record : undefined;
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
  let updated: SeatRecord | undefined;
  const apply = (): void => {
    const record = readSeatRecord(folder);
    if (record === undefined) return;
    updated = { ...record, ...change };
    writeSeatRecord(folder, updated);
    if (hasFacade(root, folder.id)) buildFacade(root, updated);
  };
  for (let attempt = 0; attempt < ATTEMPTS; attempt += 1) {
    if (tryWithLock(join(folder.path, '.seat-lock'), apply)) return updated;
    await sleep(BETWEEN_ATTEMPTS_MS);
  }
  apply();
  return updated;
}
