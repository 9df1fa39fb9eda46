import { lstatSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { errnoOf, unlessGone } from '../lib/errno.ts';
import { livenessOf, thisProcess } from '../lib/process-identity.ts';
import { removeEntry } from '../lib/remove-entry.ts';
import type { MessageId } from '../protocol/ids.ts';
import { type ClaimName, claimPath, parseClaimName } from './claim-name.ts';
import type { SeatFolder } from './seat-folder.ts';

/** A process of another boot or container cannot be seen; few waits are longer than this. */
const FOREIGN_PATIENCE_MS = 10 * 60 * 1000;

/** Where the processes of a seat that wait for answers say so. */
export function asksFolder(folder: SeatFolder): string {
  return join(folder.path, 'asks');
}

/** Makes that folder; false when that cannot be, as on a full disk. */
export function makeAsksFolder(folder: SeatFolder): boolean {
  return tolerating(() => mkdirSync(asksFolder(folder), { recursive: true, mode: 0o700 }));
}

/**
 * Says that this process waits for the answer to a query, so that no listener of the same seat takes it away. Returns
 * the function that takes that back; it may be called more than once.
 *
 * The query has been sent already: when it cannot be said, the wait goes on, and an answer that a listener takes is
 * found all the same.
 */
export function announceAsk(folder: SeatFolder, id: MessageId): () => void {
  const path = claimPath(asksFolder(folder), { id, owner: { process: thisProcess(), generation: 0 } });
  if (makeAsksFolder(folder)) tolerating(() => writeFileSync(path, '', { mode: 0o600 }));
  return () => removeEntry(path);
}

/** The queries of a seat whose answers a living process waits for. What ended processes left is removed. */
export function awaitedAnswers(folder: SeatFolder): Set<MessageId> {
  const awaited = new Set<MessageId>();
  for (const name of unlessGone(() => readdirSync(asksFolder(folder)), [])) {
    const claim = parseClaimName(name);
    if (claim === undefined) continue;
    const path = join(asksFolder(folder), name);
    if (isWaiting(claim, path)) awaited.add(claim.id);
    else removeEntry(path);
  }
  return awaited;
}

/** Runs a file operation that nothing depends on; returns whether it went well. */
function tolerating(operation: () => void): boolean {
  try {
    operation();
    return true;
  } catch (error) {
    if (errnoOf(error) === undefined) throw error;
    return false;
  }
}

function isWaiting({ owner }: ClaimName, path: string): boolean {
  const liveness = livenessOf(owner.process);
  if (liveness !== 'unknown') return liveness === 'alive';
  return Date.now() - unlessGone(() => lstatSync(path).mtimeMs, 0) < FOREIGN_PATIENCE_MS;
}
