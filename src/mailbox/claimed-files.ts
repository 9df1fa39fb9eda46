import { lstatSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { writeAtomic } from '../lib/atomic-write.ts';
import { unlessGone } from '../lib/errno.ts';
import { livenessOf } from '../lib/process-identity.ts';
import type { MessageId } from '../protocol/ids.ts';
import type { Message } from '../protocol/message.ts';
import { type ClaimName, type ClaimOwner, parseClaimName, sameOwner } from './claim-name.ts';
import type { SeatFolder } from './seat-folder.ts';

/** A message that this owner has taken and nobody else can take. */
export interface ClaimedMessage {
  readonly message: Message;
  readonly path: string;
  readonly arrivedMs: number;
}

export interface ClaimFile extends ClaimName {
  readonly path: string;
}

/** A claim of another boot or container that was not renewed for so long belongs to nobody any more. */
const FOREIGN_CLAIM_PATIENCE_MS = 10 * 60 * 1000;

/** Every claim in a mailbox, whoever made it. */
export function claimsIn(folder: SeatFolder): ClaimFile[] {
  return unlessGone(() => readdirSync(folder.claimed), []).flatMap((name) => {
    const claim = parseClaimName(name);
    return claim === undefined ? [] : [{ ...claim, path: join(folder.claimed, name) }];
  });
}

/** The paths of the claims of one message, whoever made them. */
export function claimsOf(folder: SeatFolder, id: MessageId): string[] {
  return unlessGone(() => readdirSync(folder.claimed), [])
    .filter((name) => name.startsWith(id) && parseClaimName(name)?.id === id)
    .map((name) => join(folder.claimed, name));
}

/** Whether `mine` may give back what somebody claimed: that owner is gone. */
export function isAbandoned(
  { owner, path }: ClaimFile,
  { mine, nowMs }: { mine: ClaimOwner; nowMs: number },
): boolean {
  if (sameOwner(owner, mine)) return false;
  const ofThisProcess = sameOwner({ ...owner, generation: mine.generation }, mine);
  // This process held the seat before, lost it, and holds it again: what it took then is not in hand any more.
  if (ofThisProcess && owner.generation > 0 && owner.generation < mine.generation) return true;
  switch (livenessOf(owner.process)) {
    case 'alive':
      return false;
    case 'dead':
      return true;
    case 'unknown':
      return nowMs - unlessGone(() => lstatSync(path).ctimeMs, nowMs) > FOREIGN_CLAIM_PATIENCE_MS;
  }
}

/** Writes into a claimed file that the session may have seen it already; its arrival stays. */
export function markRepeat({ message, path, arrivedMs }: ClaimedMessage): void {
  const marked = { ...message, repeat: (message.repeat ?? 0) + 1 };
  writeAtomic(path, `${JSON.stringify(marked, null, 2)}\n`, { flush: true, modifiedMs: arrivedMs });
}
