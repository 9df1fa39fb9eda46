import { dirname, join } from 'node:path';
import { type Clock, isoSeconds } from '../lib/clock.ts';
import { withLock } from '../lib/file-lock.ts';
import { buildFacade } from '../mailbox/facade.ts';
import { createSeatFolder, type SeatFolder, seatFolder } from '../mailbox/seat-folder.ts';
import type { SeatRecord } from '../protocol/seat.ts';
import { listPeers, type Peer } from './peers.ts';
import { defaultName } from './seat-name.ts';
import { readSeatRecord, updateSeatRecord } from './seat-record.ts';
import { createSeat, freshRecord, namesInProject, withNames } from './take-seat.ts';

export interface ShellRequest {
  readonly root: string;
  readonly clock: Clock;
  readonly projectPath: string;
  readonly version: string;
}

export interface ShellSeat {
  readonly folder: SeatFolder;
  readonly record: SeatRecord;
}

/** How often the heartbeat of a seat in use is written anew: v1 takes a session for stale after five minutes. */
export const HEARTBEAT_MS = 60_000;
/** Making a seat takes milliseconds; whoever holds the lock longer is stuck. */
const LOCK_PATIENCE_MS = 2000;

/** The shell seat of a project folder, or of the nearest folder above that has one which is not stopped. */
export function findShellSeat(request: ShellRequest): ShellSeat | undefined {
  const record = nearestShellSeat(listPeers(request.root, request.clock.now()), request.projectPath);
  return record === undefined
    ? undefined
    : { folder: createSeatFolder(request.root, record.sessionId), record };
}

/** Of a listing, the record that {@link findShellSeat} finds: where a folder has several, the oldest. */
export function nearestShellSeat(peers: readonly Peer[], projectPath: string): SeatRecord | undefined {
  const byPath = new Map<string, SeatRecord>();
  for (const { kind, path, record } of peers) {
    if (kind !== 'shell' || record === undefined || (record.stopped === true && path !== projectPath))
      continue;
    const other = byPath.get(path);
    if (other === undefined || isOlder(record, other)) byPath.set(path, record);
  }
  for (let folder = projectPath; ; folder = dirname(folder)) {
    const record = byPath.get(folder);
    if (record !== undefined || folder === dirname(folder)) return record;
  }
}

/** The shell seat of exactly this project folder; made when there is none, once also by several processes at a time. */
export function startShellSeat(request: ShellRequest, name: string | undefined): ShellSeat {
  const { root, projectPath } = request;
  const findOrMake = (): ShellSeat => {
    const found = findShellSeat(request);
    return found?.record.projectPath === projectPath ? found : makeShellSeat(request, name);
  };
  const seats: ShellSeat[] = [];
  withLock(join(root, '.shell-seat-lock'), {
    work: () => seats.push(findOrMake()),
    patienceMs: LOCK_PATIENCE_MS,
  });
  return seats[0] ?? findOrMake();
}

/**
 * Shows v1 that the seat is in use, at most once a minute, and builds its façade again should v1 have deleted it. A
 * stopped seat is in use again afterwards.
 */
export async function renewShellSeat(request: ShellRequest, seat: ShellSeat): Promise<void> {
  const { root, clock } = request;
  const record = readSeatRecord(seatFolder(root, seat.record.sessionId)) ?? seat.record;
  buildFacade(root, record);
  const isFresh = clock.now() - Date.parse(record.lastHeartbeat) < HEARTBEAT_MS;
  if (isFresh && record.stopped !== true) return;
  await updateSeatRecord(root, seat.folder, { lastHeartbeat: isoSeconds(clock.now()), stopped: false });
}

function makeShellSeat(request: ShellRequest, name: string | undefined): ShellSeat {
  const { root, clock, projectPath } = request;
  return withNames(root, () => {
    const chosen = name ?? defaultName(projectPath, namesInProject(root, projectPath, clock.now()));
    return createSeat(root, (id) => freshRecord(request, id, { name: chosen, kind: 'shell' }));
  });
}

function isOlder(a: SeatRecord, b: SeatRecord): boolean {
  return a.startedAt < b.startedAt || (a.startedAt === b.startedAt && a.sessionId < b.sessionId);
}
