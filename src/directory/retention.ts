import { readdirSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { Clock } from '../lib/clock.ts';
import { unlessGone } from '../lib/errno.ts';
import { removeFacade } from '../mailbox/facade.ts';
import { pruneJournal } from '../mailbox/journal.ts';
import { prunePast } from '../mailbox/past.ts';
import { type SeatFolder, seatFolder, seatsFolder } from '../mailbox/seat-folder.ts';
import { listPeers } from './peers.ts';
import { currentHolder } from './seat-hold.ts';

export interface RetentionOptions {
  readonly root: string;
  readonly clock: Clock;
  readonly keepMs: number;
  readonly keepSeatsMs: number;
}

/** Removes a bounded part of what is older than it is kept: call it now and then with a growing `turn`. */
export function pruneSeat({ root, clock, keepMs }: RetentionOptions, folder: SeatFolder, turn: number): void {
  const olderThanMs = clock.now() - keepMs;
  for (const past of [folder.read, folder.outbox, folder.rejected]) prunePast(past, { olderThanMs, turn });
  pruneJournal(root, olderThanMs);
}

/** Removes seats that nobody used for long and that have no mail; returns how many. A seat with mail waiting stays. */
export function pruneSeats({ root, clock, keepSeatsMs }: RetentionOptions): number {
  let removed = 0;
  for (const { id, state, record } of listPeers(root, clock.now())) {
    if (record === undefined || state === 'busy' || state === 'listening') continue;
    if (clock.now() - Date.parse(record.lastHeartbeat) < keepSeatsMs) continue;
    const folder = seatFolder(root, id);
    if (currentHolder(folder)?.free === false || hasMail(folder)) continue;
    removeSeat(root, folder);
    removed += 1;
  }
  return removed;
}

/** Whether mail waits in a seat, taken or not. */
export function hasMail(folder: SeatFolder): boolean {
  return [folder.inbox, folder.claimed].some((path) =>
    unlessGone(() => readdirSync(path), []).some((name) => name.endsWith('.json')),
  );
}

/** Removes a seat with all that is in it. */
export function removeSeat(root: string, folder: SeatFolder): void {
  removeFacade(root, folder);
  // Under another name first: whoever looks meanwhile finds the whole seat or none.
  const leaving = join(seatsFolder(root), `.removed-${folder.id}-${process.pid}`);
  unlessGone(() => renameSync(folder.path, leaving), undefined);
  rmSync(leaving, { recursive: true, force: true });
}
