import { readdirSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { moveOver, writeAtomic } from '../lib/atomic-write.ts';
import { errnoOf, unlessGone } from '../lib/errno.ts';
import type { SeatRecord } from '../protocol/seat.ts';
import {
  facadeOf,
  isOwnFolder,
  isThere,
  makeFolder,
  type SeatFolder,
  seatFolder,
  sessionsFolder,
} from './seat-folder.ts';
import { storing } from './storage-error.ts';

/** What v1 looks for in a manifest's `capabilities`. */
export const V1_CAPABILITIES = ['query', 'context-dump', 'conversation'];

/**
 * Builds the façade of a seat, or brings its manifest up to date: afterwards a session of session-bridge v1 finds the
 * seat, sees it alive by `lastHeartbeat`, and can write to it. May be called at any time; nothing is kept in a façade alone.
 */
export function buildFacade(root: string, record: SeatRecord): void {
  const facade = facadeOf(root, record.sessionId);
  absorbLeaving(root, seatFolder(root, record.sessionId));
  storing(`The façade of seat ${record.sessionId} cannot be made`, () => {
    for (const path of [sessionsFolder(root), facade.path, facade.inbox, facade.outbox]) makeFolder(path);
    const manifest = { ...record, status: 'active' };
    writeAtomic(facade.manifest, `${JSON.stringify(manifest, null, 2)}\n`, { flush: false });
  });
}

/** Whether the façade stands; a v1 session that ends may have deleted it. */
export function hasFacade(root: string, id: SeatRecord['sessionId']): boolean {
  return isThere(facadeOf(root, id).manifest) && isThere(facadeOf(root, id).inbox);
}

/**
 * Moves what v1 wrote into the façade's inbox into the seat's own, and returns how many files that were.
 *
 * A file that arrives meanwhile, or that cannot be moved, stays for the next call. What is no message is sorted out by
 * the inbox's reader. Nothing is taken through a link.
 */
export function takeFromFacade(root: string, folder: SeatFolder): number {
  const facade = facadeOf(root, folder.id);
  if (!isOwnFolder(sessionsFolder(root)) || !isOwnFolder(facade.path)) return 0;
  return moveMessages(facade.inbox, folder.inbox);
}

/** Takes what is left in the façade and removes it: the seat is away, or its holder ends. */
export function removeFacade(root: string, folder: SeatFolder): void {
  const facade = facadeOf(root, folder.id);
  if (!isOwnFolder(sessionsFolder(root)) || !isOwnFolder(facade.path)) return;
  takeFromFacade(root, folder);
  absorbLeaving(root, folder);
  // Under another name first: a v1 sender that writes at this moment fails with "not found" instead of losing a message.
  putAside(facade.path, leavingPath(root, folder));
  absorbLeaving(root, folder);
}

function leavingPath(root: string, folder: SeatFolder): string {
  return join(sessionsFolder(root), `.leaving-${folder.id}`);
}

function putAside(path: string, leaving: string): void {
  try {
    unlessGone(() => renameSync(path, leaving), undefined);
  } catch (error) {
    // Another process is putting the same façade aside: its own goes with the next call.
    const code = errnoOf(error);
    if (code !== 'ENOTEMPTY' && code !== 'EEXIST') throw error;
  }
}

/** Empties and removes a façade that was put aside, be it by a process that was killed in the middle of it. */
function absorbLeaving(root: string, folder: SeatFolder): void {
  const leaving = leavingPath(root, folder);
  if (!isOwnFolder(leaving) || !isOwnFolder(folder.inbox)) return;
  moveMessages(join(leaving, 'inbox'), folder.inbox);
  // What could not be moved keeps the folder.
  if (messagesIn(join(leaving, 'inbox')).every((name) => isThere(join(folder.inbox, name))))
    rmSync(leaving, { recursive: true, force: true });
}

function moveMessages(from: string, to: string): number {
  if (!isOwnFolder(from) || !isOwnFolder(to)) return 0;
  let moved = 0;
  for (const name of messagesIn(from)) {
    // A second copy of a pending message waits until the first one is claimed, then it is found to be a repeat.
    if (!isThere(join(to, name)) && tryMove(join(from, name), join(to, name))) moved += 1;
  }
  return moved;
}

/** v1's temporary names do not end in .json: a file under such a name is still being written. */
function messagesIn(inbox: string): string[] {
  return unlessGone(() => readdirSync(inbox), []).filter((name) => name.endsWith('.json'));
}

/** False when the file cannot be moved, or not now: one such file must not keep the others back. */
function tryMove(from: string, to: string): boolean {
  try {
    return moveOver(from, to);
  } catch (error) {
    if (errnoOf(error) === undefined) throw error;
    return false;
  }
}
