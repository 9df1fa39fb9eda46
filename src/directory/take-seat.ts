import { hostname } from 'node:os';
import { type Clock, isoSeconds } from '../lib/clock.ts';
import type { ProcessIdentity } from '../lib/process-identity.ts';
import { buildFacade, removeFacade, V1_CAPABILITIES } from '../mailbox/facade.ts';
import {
  createSeatFolder,
  isThere,
  requireSeatFolder,
  type SeatFolder,
  seatFolder,
} from '../mailbox/seat-folder.ts';
import { newSeatId, type SeatId } from '../protocol/ids.ts';
import type { SeatKind, SeatRecord } from '../protocol/seat.ts';
import { listPeers } from './peers.ts';
import { currentHolder, SeatHold } from './seat-hold.ts';
import { defaultName } from './seat-name.ts';
import { writeSeatRecord } from './seat-record.ts';

export interface SeatRequest {
  readonly root: string;
  readonly clock: Clock;
  readonly projectPath: string;
  readonly conversation: string;
  /** The process whose life is the session's: as long as it runs, the seat is held. */
  readonly process: ProcessIdentity;
  readonly version: string;
  /** A seat of its own that goes with the session; never one that others know. */
  readonly ephemeral?: boolean;
}

/** A seat that was taken for a conversation. */
export interface TakenSeat {
  readonly folder: SeatFolder;
  readonly hold: SeatHold;
  readonly record: SeatRecord;
  readonly how: 'new' | 'returned' | 'free-in-project' | 'preempted';
  /** A seat that this conversation would rather have and that a living process still holds. */
  readonly preferred: SeatId | undefined;
}

const KEPT_CONVERSATIONS = 20;

/**
 * Takes the seat that a conversation should have, and publishes it.
 *
 * 1. The seat that this conversation had. If a newer conversation sits there, it has to move (`preempted`); if a living
 *    process of this same conversation sits there, that one keeps it.
 * 2. A free seat of the same project folder, the one used last.
 * 3. A new seat. `preferred` then names the seat to move to should it become free at once: its old holder may just be
 *    ending (a quick restart).
 */
export function takeSeat(request: SeatRequest): TakenSeat {
  if (request.ephemeral) return newSeat(request, undefined);
  const own = liveSeats(request).filter((record) => hadConversation(record, request.conversation));
  for (const record of own.sort((a, b) => byUse(request.conversation, a, b))) {
    const taken = retake(request, record);
    if (taken !== undefined) return taken;
  }
  const inProject = liveSeats(request)
    .filter(({ projectPath }) => projectPath === request.projectPath)
    .sort(latestFirst);
  for (const record of own.length > 0 ? [] : inProject) {
    const hold = acquire(request, record);
    if (hold !== undefined) return settle(request, { hold, record, how: 'free-in-project' });
  }
  return newSeat(request, (own[0] ?? inProject[0])?.sessionId);
}

/** Takes one certain seat if it is free, as for a restart whose predecessor has ended meanwhile. */
export function takeSeatById(request: SeatRequest, id: SeatId): TakenSeat | undefined {
  const record = liveSeats(request).find(({ sessionId }) => sessionId === id);
  const hold = record === undefined ? undefined : acquire(request, record);
  return record === undefined || hold === undefined
    ? undefined
    : settle(request, { hold, record, how: 'returned' });
}

/** Leaves a seat: publishes that nobody is there, removes the façade, and frees the hold. Nothing if it is not held any more. */
export function leaveSeat(
  { root, clock }: { root: string; clock: Clock },
  hold: SeatHold,
  record: SeatRecord,
): void {
  if (!hold.isCurrent()) return;
  removeFacade(root, hold.folder);
  writeSeatRecord(hold.folder, {
    ...record,
    state: 'away',
    holder: null,
    lastHeartbeat: isoSeconds(clock.now()),
  });
  hold.release();
}

/** Makes the folder and record of a new seat under an id that nobody uses. */
export function createSeat(
  root: string,
  make: (id: SeatId) => SeatRecord,
): { folder: SeatFolder; record: SeatRecord } {
  let id = newSeatId();
  while (isThere(seatFolder(root, id).path)) id = newSeatId();
  const folder = createSeatFolder(root, id);
  const record = make(id);
  writeSeatRecord(folder, record);
  buildFacade(root, record);
  return { folder, record };
}

/** The names that seats of a project folder have. */
export function namesInProject(root: string, projectPath: string, nowMs: number): Set<string> {
  return new Set(
    listPeers(root, nowMs).flatMap((peer) =>
      peer.path === projectPath && peer.record !== undefined ? [peer.name] : [],
    ),
  );
}

/** The keys that every new seat's record starts with. */
export function freshRecord(
  request: { clock: Clock; projectPath: string; version: string },
  id: SeatId,
  { name, kind }: { name: string; kind: SeatKind },
): SeatRecord {
  const now = isoSeconds(request.clock.now());
  return {
    sessionId: id,
    projectName: name,
    projectPath: request.projectPath,
    startedAt: now,
    lastHeartbeat: now,
    status: 'active',
    capabilities: V1_CAPABILITIES,
    name,
    kind,
    state: 'idle',
    attention: 'open',
    machine: hostname(),
    pastConversations: [],
    generation: 0,
    version: request.version,
  };
}

function retake(request: SeatRequest, record: SeatRecord): TakenSeat | undefined {
  const hold = acquire(request, record);
  if (hold !== undefined) return settle(request, { hold, record, how: 'returned' });
  const holder = currentHolder(seatFolder(request.root, record.sessionId));
  // The same conversation in a second process: the first one keeps the seat.
  if (holder === undefined || holder.conversation === request.conversation) return undefined;
  const preempting = acquire(request, record, true);
  return preempting === undefined
    ? undefined
    : settle(request, { hold: preempting, record, how: 'preempted' });
}

function newSeat(request: SeatRequest, preferred: SeatId | undefined): TakenSeat {
  const name = defaultName(
    request.projectPath,
    namesInProject(request.root, request.projectPath, request.clock.now()),
  );
  const { folder, record } = createSeat(request.root, (id) => ({
    ...freshRecord(request, id, { name, kind: 'live' }),
    ...(request.ephemeral ? { ephemeral: true } : {}),
  }));
  const hold = acquire(request, record);
  if (hold === undefined) return newSeat(request, preferred);
  return { ...settle(request, { hold, record, how: 'new' }), folder, preferred };
}

function acquire(request: SeatRequest, record: SeatRecord, preempt = false): SeatHold | undefined {
  const folder = seatFolder(request.root, record.sessionId);
  requireSeatFolder(createSeatFolder(request.root, record.sessionId));
  return SeatHold.acquire(folder, { process: request.process, conversation: request.conversation, preempt });
}

function settle(
  request: SeatRequest,
  { hold, record, how }: { hold: SeatHold; record: SeatRecord; how: TakenSeat['how'] },
): TakenSeat {
  const past = [
    ...record.pastConversations,
    ...(record.conversation === undefined ? [] : [record.conversation]),
  ];
  const settled: SeatRecord = {
    ...record,
    holder: request.process,
    generation: hold.generation,
    conversation: request.conversation,
    pastConversations: [...new Set(past)]
      .filter((id) => id !== request.conversation)
      .slice(-KEPT_CONVERSATIONS),
    agent: 'claude-code',
    state: 'idle',
    machine: hostname(),
    version: request.version,
    lastHeartbeat: isoSeconds(request.clock.now()),
  };
  writeSeatRecord(hold.folder, settled);
  buildFacade(request.root, settled);
  return { folder: hold.folder, hold, record: settled, how, preferred: undefined };
}

function liveSeats({ root, clock }: SeatRequest): SeatRecord[] {
  return listPeers(root, clock.now()).flatMap(({ record }) =>
    record?.kind === 'live' && record.ephemeral !== true ? [record] : [],
  );
}

function hadConversation(record: SeatRecord, conversation: string): boolean {
  return record.conversation === conversation || record.pastConversations.includes(conversation);
}

function byUse(conversation: string, a: SeatRecord, b: SeatRecord): number {
  return (
    Number(b.conversation === conversation) - Number(a.conversation === conversation) || latestFirst(a, b)
  );
}

function latestFirst(a: SeatRecord, b: SeatRecord): number {
  return b.lastHeartbeat.localeCompare(a.lastHeartbeat);
}
