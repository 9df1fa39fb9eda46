import { lstatSync, mkdirSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { writeAtomic } from '../lib/atomic-write.ts';
import { unlessGone } from '../lib/errno.ts';
import type { SeatRecord } from '../protocol/seat.ts';
import {
  facadeOf,
  isThere,
  requireOwnFolder,
  type SeatFolder,
  seatFolder,
  sessionsFolder,
} from './seat-folder.ts';

/** What v1 looks for in a manifest's `capabilities`. */
export const V1_CAPABILITIES = ['query', 'context-dump', 'conversation'];

/**
 * Builds the façade of a seat, or brings its manifest up to date: afterwards a session of session-bridge v1 finds the
 * seat, sees it alive by `lastHeartbeat`, and can write to it. May be called at any time; nothing is kept in a façade alone.
 */
export function buildFacade(root: string, record: SeatRecord): void {
  const facade = facadeOf(root, record.sessionId);
  absorbLeaving(root, seatFolder(root, record.sessionId));
  for (const folder of [facade.path, facade.inbox, facade.outbox]) {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    requireOwnFolder(folder);
  }
  writeAtomic(facade.manifest, `${JSON.stringify({ ...record, status: 'active' }, null, 2)}\n`, {
    flush: false,
  });
}

/** Whether the façade stands; a v1 session that ends may have deleted it. */
export function hasFacade(root: string, id: SeatRecord['sessionId']): boolean {
  return isThere(facadeOf(root, id).manifest) && isThere(facadeOf(root, id).inbox);
}

/**
 * Moves what v1 wrote into the façade's inbox into the seat's own, and returns how many files that were.
 *
 * A file that arrives meanwhile stays for the next call. What is no message is sorted out by the inbox's reader.
 */
export function takeFromFacade(root: string, folder: SeatFolder): number {
  return moveMessages(facadeOf(root, folder.id).inbox, folder.inbox);
}

/** Takes what is left in the façade and removes it: the seat is away, or its holder ends. */
export function removeFacade(root: string, folder: SeatFolder): void {
  const facade = facadeOf(root, folder.id);
  takeFromFacade(root, folder);
  absorbLeaving(root, folder);
  // Under another name first: a v1 sender that writes at this moment fails with "not found" instead of losing a message.
  unlessGone(() => renameSync(facade.path, leavingPath(root, folder)), undefined);
  absorbLeaving(root, folder);
}

function leavingPath(root: string, folder: SeatFolder): string {
  return join(sessionsFolder(root), `.leaving-${folder.id}`);
}

/** Empties and removes a façade that was put aside, be it by a process that was killed in the middle of it. */
function absorbLeaving(root: string, folder: SeatFolder): void {
  const leaving = leavingPath(root, folder);
  if (!unlessGone(() => lstatSync(leaving).isDirectory(), false)) return;
  moveMessages(join(leaving, 'inbox'), folder.inbox);
  rmSync(leaving, { recursive: true, force: true });
}

/** Moves `.json` files from one inbox to another and returns how many. */
function moveMessages(from: string, to: string): number {
  let moved = 0;
  for (const name of unlessGone(() => readdirSync(from), [])) {
    // v1's temporary names do not end in .json; a file under such a name is still being written.
    if (!name.endsWith('.json')) continue;
    // A second copy of a pending message waits until the first one is claimed, then it is found to be a repeat.
    if (isThere(join(to, name))) continue;
    unlessGone(() => {
      renameSync(join(from, name), join(to, name));
      moved += 1;
    }, undefined);
  }
  return moved;
}
