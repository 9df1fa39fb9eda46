import { lstatSync, mkdirSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { moveExclusive, TEMPORARY_PREFIX } from '../lib/atomic-write.ts';
import type { Clock } from '../lib/clock.ts';
import { errnoOf, unlessGone } from '../lib/errno.ts';
import { removeOldFiles } from '../lib/old-files.ts';
import { thisProcess } from '../lib/process-identity.ts';
import { removeFacade } from '../mailbox/facade.ts';
import { Inbox } from '../mailbox/inbox.ts';
import { pruneJournal } from '../mailbox/journal.ts';
import { prunePast } from '../mailbox/past.ts';
import { resendUnsent } from '../mailbox/post.ts';
import { isOwnFolder, isThere, type SeatFolder, seatFolder, seatsFolder } from '../mailbox/seat-folder.ts';
import { CahootsError } from '../protocol/errors.ts';
import { isSeatId, type SeatId } from '../protocol/ids.ts';
import { currentHolder } from './seat-hold.ts';
import { readSeatRecord } from './seat-record.ts';

export interface RetentionOptions {
  readonly root: string;
  readonly clock: Clock;
  readonly keepMs: number;
  readonly keepSeatsMs: number;
  /** For waiting messages that name no duration of their own. */
  readonly expiresAfterMs: number;
}

/** A temporary file that is this old was left by a process that was killed. */
const ABANDONED_MS = 60 * 60 * 1000;
/** A seat of a session that no person started is of no use once that session has ended. */
const KEEP_EPHEMERAL_MS = 60 * 60 * 1000;
const REMOVED = '.removed-';
/** Begins the name of a folder in the root in which somebody tries whether the file system tells of changes. */
export const TRIAL_PREFIX = `${TEMPORARY_PREFIX}watch-`;

/** Removes a bounded part of what is older than it is kept: call it now and then with a growing `turn`. */
export function pruneSeat({ root, clock, keepMs }: RetentionOptions, folder: SeatFolder, turn: number): void {
  const olderThanMs = clock.now() - keepMs;
  for (const past of [folder.read, folder.outbox, folder.rejected]) prunePast(past, { olderThanMs, turn });
  for (const path of [folder.path, folder.claimed, folder.sending, folder.receipts, folder.holders])
    removeTemporaries(path, clock.now() - ABANDONED_MS);
  pruneJournal(root, olderThanMs);
}

/**
 * Looks after the seats that nobody sits on: their mail expires in time, and those that nobody used for long and that
 * have no mail are removed. Returns how many were removed. A seat with mail waiting stays.
 */
export function pruneSeats(options: RetentionOptions): number {
  let removed = 0;
  const abandonedMs = options.clock.now() - ABANDONED_MS;
  for (const folder of [options.root, seatsFolder(options.root)]) removeTemporaries(folder, abandonedMs);
  unlessOdd(() => removeTrials(options.root, abandonedMs));
  for (const name of unlessGone(() => readdirSync(seatsFolder(options.root)), [])) {
    unlessOdd(() => {
      if (name.startsWith(REMOVED)) finishRemoval(options.root, name);
      else if (isSeatId(name) && pruneFreeSeat(options, name)) removed += 1;
    });
  }
  return removed;
}

/** One seat or folder that cannot be looked after must not keep the others from it. */
function unlessOdd(work: () => void): void {
  try {
    work();
  } catch (error) {
    if (!(error instanceof CahootsError) && errnoOf(error) === undefined) throw error;
  }
}

/** Whether mail waits in a seat, taken or not. */
export function hasMail(folder: Pick<SeatFolder, 'inbox' | 'claimed'>): boolean {
  return [folder.inbox, folder.claimed].some((path) =>
    unlessGone(() => readdirSync(path), []).some((name) => name.endsWith('.json')),
  );
}

/**
 * Removes a seat with all that is in it. Returns false, and leaves the seat as it is, when mail came or somebody sat
 * down on it meanwhile.
 */
export function removeSeat(root: string, folder: SeatFolder): boolean {
  removeFacade(root, folder);
  // Under another name first: whoever looks meanwhile finds the whole seat or none, and no sender finds its inbox.
  const leaving = `${REMOVED}${folder.id}-${process.pid}`;
  unlessGone(() => renameSync(folder.path, join(seatsFolder(root), leaving)), undefined);
  return finishRemoval(root, leaving);
}

function pruneFreeSeat(options: RetentionOptions, id: SeatId): boolean {
  const { root, clock, keepSeatsMs } = options;
  const folder = seatFolder(root, id);
  if (!isOwnFolder(folder.path) || currentHolder(folder)?.free === false) return false;
  if (hasMail(folder)) expireMail(options, folder);
  const record = readSeatRecord(folder);
  const saidMs = Date.parse(record?.lastHeartbeat ?? '');
  // A heartbeat that is no time is no reason to believe that the seat was not used for long.
  const usedMs = Number.isNaN(saidMs) ? unlessGone(() => lstatSync(folder.path).mtimeMs, 0) : saidMs;
  const keptMs = record?.ephemeral === true ? KEEP_EPHEMERAL_MS : keepSeatsMs;
  if (clock.now() - usedMs < keptMs || hasMail(folder)) return false;
  resendUnsent({ root, clock }, folder);
  return removeSeat(root, folder);
}

function expireMail({ root, clock, expiresAfterMs }: RetentionOptions, folder: SeatFolder): void {
  const owner = { process: thisProcess(), generation: 0 };
  new Inbox({ root, folder, clock, owner, expiresAfterMs }).pending();
}

/** Ends a removal that was begun, be it by a process that was killed in the middle: mail brings the seat back. */
function finishRemoval(root: string, name: string): boolean {
  const id = name.slice(REMOVED.length).split('-')[0];
  const path = join(seatsFolder(root), name);
  if (!isOwnFolder(path) || !isSeatId(id)) return false;
  const left = { inbox: join(path, 'inbox'), claimed: join(path, 'claimed'), holders: join(path, 'holders') };
  const folder = seatFolder(root, id);
  if (!hasMail(left) && currentHolder({ ...folder, ...left })?.free !== false) {
    rmSync(path, { recursive: true, force: true });
    return true;
  }
  if (isThere(folder.path)) mergeMail(left, folder);
  else unlessGone(() => renameSync(path, folder.path), undefined);
  return false;
}

/** Somebody made the seat anew while it was being removed: its mail goes there. */
function mergeMail(left: { inbox: string; claimed: string }, folder: SeatFolder): void {
  for (const part of ['inbox', 'claimed'] as const) {
    mkdirSync(folder[part], { recursive: true, mode: 0o700 });
    for (const name of unlessGone(() => readdirSync(left[part]), [])) {
      unlessGone(() => moveExclusive(join(left[part], name), join(folder[part], name)), undefined);
    }
  }
}

function removeTemporaries(folder: string, olderThanMs: number): void {
  removeOldFiles(folder, { isMeant: (name) => name.startsWith(TEMPORARY_PREFIX), olderThanMs });
}

/** The folders of a doctor that was killed while it tried whether changes are told: nothing else is ever in them. */
function removeTrials(root: string, olderThanMs: number): void {
  for (const name of unlessGone(() => readdirSync(root), [])) {
    const path = join(root, name);
    if (name.startsWith(TRIAL_PREFIX) && isOwnFolder(path) && lstatSync(path).mtimeMs < olderThanMs)
      rmSync(path, { recursive: true, force: true });
  }
}
