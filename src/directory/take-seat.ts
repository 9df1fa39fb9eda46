import { hostname } from 'node:os';
import { join } from 'node:path';
import { type Clock, isoSeconds } from '../lib/clock.ts';
import { withLock } from '../lib/file-lock.ts';
import type { ProcessIdentity } from '../lib/process-identity.ts';
import { buildFacade, removeFacade, V1_CAPABILITIES } from '../mailbox/facade.ts';
import { createSeatFolder, facadeOf, isThere, type SeatFolder, seatFolder } from '../mailbox/seat-folder.ts';
import { storing } from '../mailbox/storage-error.ts';
import { CahootsError } from '../protocol/errors.ts';
import { newSeatId, type SeatId } from '../protocol/ids.ts';
import type { SeatKind, SeatRecord } from '../protocol/seat.ts';
import { listPeers } from './peers.ts';
import { currentHolder, SeatHold } from './seat-hold.ts';
import { defaultName } from './seat-name.ts';
import { readSeatRecord, withSeatLock, writeSeatRecord } from './seat-record.ts';

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
  /** A seat that this session has just had to leave: not that one again, whatever its record still says. */
  readonly left?: SeatId;
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
/** Choosing a name and making a seat takes milliseconds; whoever holds the lock longer is stuck. */
const NAMES_PATIENCE_MS = 5000;

/**
 * Takes the seat that a conversation should have, and publishes it.
 *
 * 1. The seat that this conversation had. If a newer conversation sits there, it has to move (`preempted`) and has no
 *    right to that seat any more; if a living process of this same conversation sits there, that one keeps it.
 * 2. A free seat of the same project folder, the one used last.
 * 3. A new seat. `preferred` then names the seat to move to should it become free at once: its old holder may just be
 *    ending (a quick restart).
 *
 * Throws `root-link`, `root-not-ours` or a storage error when no seat can be taken.
 */
export function takeSeat(request: SeatRequest): TakenSeat {
  return storing('No seat could be taken', () => chooseSeat(request));
}

/** The seats that a conversation has had, the one to go back to first. */
export function seatsOfConversation(
  request: Pick<SeatRequest, 'root' | 'clock' | 'conversation'>,
): SeatRecord[] {
  return ofConversation(liveSeats(request), request.conversation);
}

/** Takes one certain seat if it is free, as for a restart whose predecessor has ended meanwhile. */
export function takeSeatById(request: SeatRequest, id: SeatId): TakenSeat | undefined {
  const record = liveSeats(request).find(({ sessionId }) => sessionId === id);
  if (record === undefined) return undefined;
  return storing(`The seat ${id} could not be taken`, () => takeFree(request, record, 'returned'));
}

/**
 * Leaves a seat: publishes that nobody is there, removes the façade, and frees the hold. Nothing if it is not held any
 * more. `record` is written only when the seat has lost its own.
 */
export function leaveSeat(
  { root, clock }: { root: string; clock: Clock },
  hold: SeatHold,
  record: SeatRecord,
): void {
  if (!hold.isCurrent()) return;
  storing(`The seat ${record.sessionId} could not be left`, () => {
    withSeatLock(hold.folder, () => {
      if (!hold.isCurrent()) return;
      removeFacade(root, hold.folder);
      const latest = readSeatRecord(hold.folder) ?? record;
      const lastHeartbeat = isoSeconds(clock.now());
      writeSeatRecord(hold.folder, { ...latest, state: 'away', holder: null, lastHeartbeat });
      hold.release();
    });
  });
}

/** Makes the folder and record of a new seat under an id that nobody uses. */
export function createSeat(
  root: string,
  make: (id: SeatId) => SeatRecord,
): { folder: SeatFolder; record: SeatRecord } {
  const folder = createSeatFolder(root, unusedId(root));
  const record = make(folder.id);
  writeSeatRecord(folder, record);
  buildFacade(root, record);
  return { folder, record };
}

/** Runs `work`, which chooses a name and makes a seat of it, so that of several processes no two choose the same. */
export function withNames<T>(root: string, work: () => T): T {
  const results: T[] = [];
  return storing('No seat could be made', () => {
    const lock = { patienceMs: NAMES_PATIENCE_MS, work: () => results.push(work()) };
    // A name that two seats share is a nuisance; no seat at all would be worse.
    return withLock(join(root, '.names-lock'), lock) ? (results[0] as T) : work();
  });
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

function chooseSeat(request: SeatRequest): TakenSeat {
  if (request.ephemeral) return newSeat(request, undefined);
  const seats = liveSeats(request).filter(({ sessionId }) => sessionId !== request.left);
  const own = ofConversation(seats, request.conversation);
  const held = own.find((record) => isHeldByConversation(request, record));
  // A living process of the same conversation keeps its seat; the second one gets its own.
  if (held !== undefined) return newSeat(request, held.sessionId);
  const [best] = own;
  if (best !== undefined) {
    const taken = takeFree(request, best, 'returned') ?? preempt(request, best);
    return taken ?? newSeat(request, best.sessionId);
  }
  const inProject = seats.filter(({ projectPath }) => projectPath === request.projectPath).sort(latestFirst);
  for (const record of inProject) {
    const taken = takeFree(request, record, 'free-in-project');
    if (taken !== undefined) return taken;
  }
  return newSeat(request, inProject[0]?.sessionId);
}

/** Takes a seat and publishes that, unless a living process holds it. */
export function takeFree(
  request: SeatRequest,
  record: SeatRecord,
  how: TakenSeat['how'],
): TakenSeat | undefined {
  const hold = acquire(request, record, false);
  return hold === undefined ? undefined : settle(request, { hold, record, how });
}

function preempt(request: SeatRequest, record: SeatRecord): TakenSeat | undefined {
  // Of two that resume one conversation at the same moment the first one keeps the seat.
  if (isHeldByConversation(request, record)) return undefined;
  const hold = acquire(request, record, true);
  return hold === undefined ? undefined : settle(request, { hold, record, how: 'preempted' });
}

function isHeldByConversation({ root, conversation }: SeatRequest, record: SeatRecord): boolean {
  const folder = seatFolder(root, record.sessionId);
  const holder = currentHolder(folder);
  if (holder?.free !== false) return false;
  // The record follows its session through /clear. Until a new holder has published itself, it tells of the one before.
  const latest = readSeatRecord(folder);
  const shown = latest?.generation === holder.generation ? latest.conversation : holder.conversation;
  return shown === conversation;
}

function newSeat(request: SeatRequest, preferred: SeatId | undefined): TakenSeat {
  const { root, projectPath, clock } = request;
  return withNames(root, () => {
    const name = defaultName(projectPath, namesInProject(root, projectPath, clock.now()));
    const folder = createSeatFolder(root, unusedId(root));
    const fresh = freshRecord(request, folder.id, { name, kind: 'live' });
    const record = request.ephemeral ? { ...fresh, ephemeral: true } : fresh;
    // Held before it is published: a free seat of the project would be taken by the next one who looks.
    const hold = acquire(request, record, true);
    if (hold === undefined)
      throw new CahootsError('seat-held', `The new seat ${folder.id} is taken.`, { remedy: 'Run it again.' });
    return { ...settle(request, { hold, record, how: 'new' }), preferred };
  });
}

function unusedId(root: string): SeatId {
  let id = newSeatId();
  while (isThere(seatFolder(root, id).path) || isThere(facadeOf(root, id).path)) id = newSeatId();
  return id;
}

function acquire(request: SeatRequest, record: SeatRecord, preempt: boolean): SeatHold | undefined {
  const folder = createSeatFolder(request.root, record.sessionId);
  return SeatHold.acquire(folder, { process: request.process, conversation: request.conversation, preempt });
}

function settle(
  request: SeatRequest,
  { hold, record, how }: { hold: SeatHold; record: SeatRecord; how: TakenSeat['how'] },
): TakenSeat {
  const { root } = request;
  let settled = settledRecord(request, { hold, record, how });
  storing(`The seat ${record.sessionId} could not be taken`, () => {
    withSeatLock(hold.folder, () => {
      // What others wrote since it was listed is kept; and who took the seat away meanwhile has published itself.
      settled = settledRecord(request, { hold, record: readSeatRecord(hold.folder) ?? record, how });
      if (!hold.isCurrent()) return;
      writeSeatRecord(hold.folder, settled);
      buildFacade(root, settled);
    });
  });
  return { folder: hold.folder, hold, record: settled, how, preferred: undefined };
}

function settledRecord(
  request: SeatRequest,
  { hold, record, how }: { hold: SeatHold; record: SeatRecord; how: TakenSeat['how'] },
): SeatRecord {
  // Who had to move gets another seat for good: two conversations must not take one seat from each other in turn.
  const before = how === 'preempted' || record.conversation === undefined ? [] : [record.conversation];
  const past = new Set([...record.pastConversations, ...before]);
  if (how === 'preempted' && record.conversation !== undefined) past.delete(record.conversation);
  past.delete(request.conversation);
  return {
    ...record,
    holder: request.process,
    generation: hold.generation,
    conversation: request.conversation,
    pastConversations: [...past].slice(-KEPT_CONVERSATIONS),
    agent: 'claude-code',
    state: 'idle',
    machine: hostname(),
    version: request.version,
    lastHeartbeat: isoSeconds(request.clock.now()),
  };
}

function ofConversation(seats: readonly SeatRecord[], conversation: string): SeatRecord[] {
  return seats
    .filter((record) => hadConversation(record, conversation))
    .sort((a, b) => byUse(conversation, a, b));
}

function liveSeats({ root, clock }: Pick<SeatRequest, 'root' | 'clock'>): SeatRecord[] {
  return listPeers(root, clock.now()).flatMap(({ record }) =>
    record?.kind === 'live' && record.ephemeral !== true ? [record] : [],
  );
}

function hadConversation(record: SeatRecord, conversation: string): boolean {
  return record.conversation === conversation || record.pastConversations.includes(conversation);
}

/** Of several seats the one that shows the conversation now; a second process of it has sat on a younger one. */
function byUse(conversation: string, a: SeatRecord, b: SeatRecord): number {
  return (
    Number(b.conversation === conversation) - Number(a.conversation === conversation) ||
    a.startedAt.localeCompare(b.startedAt) ||
    latestFirst(a, b)
  );
}

/** The one used last; of those that were left in the same second the oldest, which has the plainest name. */
function latestFirst(a: SeatRecord, b: SeatRecord): number {
  return b.lastHeartbeat.localeCompare(a.lastHeartbeat) || a.startedAt.localeCompare(b.startedAt);
}
