import { dirname } from 'node:path';
import { type Clock, isoSeconds } from '../lib/clock.ts';
import { buildFacade } from '../mailbox/facade.ts';
import { createSeatFolder, type SeatFolder, seatFolder } from '../mailbox/seat-folder.ts';
import type { SeatRecord } from '../protocol/seat.ts';
import { listPeers } from './peers.ts';
import { defaultName } from './seat-name.ts';
import { readSeatRecord, updateSeatRecord } from './seat-record.ts';
import { createSeat, freshRecord, namesInProject } from './take-seat.ts';

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

/** The shell seat of a project folder, or of the nearest folder above that has one. */
export function findShellSeat({ root, clock, projectPath }: ShellRequest): ShellSeat | undefined {
  const byPath = new Map<string, SeatRecord>();
  for (const { record } of listPeers(root, clock.now())) {
    if (record?.kind === 'shell') byPath.set(record.projectPath, record);
  }
  for (let folder = projectPath; ; folder = dirname(folder)) {
    const record = byPath.get(folder);
    if (record !== undefined) return { folder: createSeatFolder(root, record.sessionId), record };
    if (folder === dirname(folder)) return undefined;
  }
}

/** The shell seat of exactly this project folder; made when there is none. */
export function startShellSeat(request: ShellRequest, name: string | undefined): ShellSeat {
  const { root, clock, projectPath } = request;
  const found = findShellSeat(request);
  if (found?.record.projectPath === projectPath) return found;
  const chosen = name ?? defaultName(projectPath, namesInProject(root, projectPath, clock.now()));
  return createSeat(root, (id) => freshRecord(request, id, { name: chosen, kind: 'shell' }));
}

/** Shows v1 that the seat is in use, at most once a minute, and builds its façade again should v1 have deleted it. */
export async function renewShellSeat(request: ShellRequest, seat: ShellSeat): Promise<void> {
  const { root, clock } = request;
  const record = readSeatRecord(seatFolder(root, seat.record.sessionId)) ?? seat.record;
  buildFacade(root, record);
  if (clock.now() - Date.parse(record.lastHeartbeat) < HEARTBEAT_MS) return;
  await updateSeatRecord(root, seat.folder, { lastHeartbeat: isoSeconds(clock.now()) });
}
