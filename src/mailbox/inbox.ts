import { lstatSync, readdirSync, renameSync } from 'node:fs';
import { join } from 'node:path';
import { moveExclusive, moveOver, placeExclusive, TEMPORARY_PREFIX } from '../lib/atomic-write.ts';
import type { Clock } from '../lib/clock.ts';
import { isoMillis } from '../lib/clock.ts';
import { errnoOf, unlessGone } from '../lib/errno.ts';
import { removeOldFile } from '../lib/old-files.ts';
import { removeEntry } from '../lib/remove-entry.ts';
import { CahootsError } from '../protocol/errors.ts';
import type { MessageId } from '../protocol/ids.ts';
import { type ClaimName, type ClaimOwner, claimPath, parseClaimName } from './claim-name.ts';
import { type ClaimedMessage, claimsIn, claimsOf, isAbandoned, markRepeat } from './claimed-files.ts';
import { takeFromFacade } from './facade.ts';
import { markRead } from './mark-read.ts';
import { isPast, pastPathForWriting } from './past.ts';
import { recordState, sendReceipt } from './receipts.ts';
import { rejectInvalid, rejectMessage } from './rejected.ts';
import { isThere, refuseForeignFolders, type SeatFolder } from './seat-folder.ts';
import { storageError, storing } from './storage-error.ts';
import {
  type InvalidFile,
  idOfFile,
  inOrder,
  type PendingMessage,
  readMessageFile,
  WaitingFiles,
} from './waiting-files.ts';

export type { ClaimedMessage } from './claimed-files.ts';
export type { PendingMessage } from './waiting-files.ts';

export interface InboxOptions {
  readonly root: string;
  readonly folder: SeatFolder;
  readonly owner: ClaimOwner;
  readonly clock: Clock;
  /** For messages that name no duration of their own. */
  readonly expiresAfterMs: number;
}

/** A temporary file or a mark that is this old was left by a process that was killed. */
const ABANDONED_MS = 60 * 60 * 1000;
const ACCEPTED_MARK = '.accepted';

/**
 * The receiving side of one mailbox, for one owner.
 *
 * ```
 * inbox/<id>.json ──claim──▶ claimed/<id>~<owner>.json ──settle──▶ read/<shard>/<id>.json
 *        ▲                          │   │
 *        └──────── release ─────────┘   └──reject──▶ rejected/<shard>/<id>.json
 * ```
 * Every arrow is one rename or an exclusive creation, so at any moment, through a kill of anyone, a message is in one
 * place; where a crash leaves two copies, the later place counts. An id that is claimed or was handled is never handed
 * out again: a second copy of it is removed, but only by whoever has it in hand while another copy is certain to stay.
 */
export class Inbox {
  readonly #options: InboxOptions;
  readonly #files: WaitingFiles;

  constructor(options: InboxOptions) {
    this.#options = options;
    this.#files = new WaitingFiles(options.folder, (file) => this.#tellRefused(file));
  }

  /**
   * The messages that wait, by sender in the order of `seq`, senders in the order of arrival.
   *
   * Takes in what v1 wrote and what dead owners had claimed, moves what is no message to `rejected/` and what has
   * expired too. Costs what is pending.
   * Throws `root-link` or `root-not-ours` when a folder of the mailbox is a link or of somebody else.
   */
  pending(): PendingMessage[] {
    const { root, folder, clock } = this.#options;
    this.recoverClaims();
    takeFromFacade(root, folder);
    const claimed = new Set(claimsIn(folder).map(({ id }) => id));
    const names = unlessGone(() => readdirSync(folder.inbox), []);
    const there = new Set(names);
    const waiting: PendingMessage[] = [];
    for (const name of names) {
      if (!name.endsWith('.json')) this.#sweep(name, there);
      else {
        const found = this.#look(name, claimed);
        if (found === undefined) continue;
        const pending = there.has(`${found.id}${ACCEPTED_MARK}`) ? { ...found, accepted: true } : found;
        if (this.#hasExpired(pending, clock.now())) this.#expire(pending);
        else waiting.push(pending);
      }
    }
    this.#files.keepOnly(names);
    return inOrder(waiting);
  }

  /**
   * Takes one waiting message for this owner. Of all who try, in however many processes, exactly one gets it.
   *
   * Undefined when somebody has it, when it was handled before (the second copy is removed), or when its file is no
   * message any more.
   */
  claim(id: MessageId): ClaimedMessage | undefined {
    const { folder, owner } = this.#options;
    refuseForeignFolders(folder);
    // Whoever has the first copy goes on with it; this one is looked at again once that one is settled or given back.
    if (claimsOf(folder, id).length > 0) return undefined;
    const path = claimPath(folder.claimed, { id, owner });
    const taken = storing(`Message ${id} could not be taken`, () =>
      moveOver(join(folder.inbox, `${id}.json`), path),
    );
    if (!taken || this.#gaveUpSecondCopy(id, path)) return undefined;
    return this.#openClaim(id, path);
  }

  /** Ends a claim: the message has reached the session. It lies in `read/` afterwards, with status `read`. */
  settle({ message, path }: ClaimedMessage): void {
    storing(`Message ${message.id} could not be marked as read`, () => {
      const place = pastPathForWriting(this.#options.folder.read, message.id);
      const moved = unlessGone(() => moveExclusive(path, place), 'gone');
      if (moved === 'exists') removeEntry(path);
      // Somebody took the claim for a dead owner's and gave it back: that it was handled must be known all the same.
      if (moved === 'gone') placeExclusive(place, `${JSON.stringify(message, null, 2)}\n`, { flush: false });
      markRead(place);
    });
    this.#removeMark(message.id);
  }

  /**
   * Gives a claim back; with `maybeSeen` the next owner is told that the session may have seen it already. When this
   * throws (a full disk), the claim is kept.
   */
  release(claimed: ClaimedMessage, options: { readonly maybeSeen: boolean }): void {
    const { id } = claimed.message;
    storing(`Message ${id} could not be given back`, () => {
      if (options.maybeSeen) markRepeat(claimed);
      this.#putBack(id, claimed.path);
    });
  }

  /** Ends a claim without handling: the message lies in `rejected/` with the reason afterwards. */
  reject(claimed: ClaimedMessage, reason: string): void {
    const { id } = claimed.message;
    storing(`Message ${id} could not be rejected`, () => {
      rejectMessage(this.#options.folder, { id, path: claimed.path, reason });
    });
    this.#removeMark(id);
  }

  /**
   * Gives back what dead owners had claimed, marked as a possible repeat, and returns how many messages that were.
   *
   * Each is first claimed by this owner, so that a kill in the middle leaves it to the next one who looks.
   */
  recoverClaims(): number {
    const { folder, owner, clock } = this.#options;
    refuseForeignFolders(folder);
    let recovered = 0;
    for (const name of unlessGone(() => readdirSync(folder.claimed), [])) {
      const path = join(folder.claimed, name);
      const claim = parseClaimName(name);
      if (claim === undefined) {
        if (name.endsWith('.json')) rejectInvalid(folder, path, 'not a name that a claim can have');
      } else if (
        isAbandoned({ ...claim, path }, { mine: owner, nowMs: clock.now() }) &&
        this.#recover(claim, path)
      ) {
        recovered += 1;
      }
    }
    return recovered;
  }

  #recover(claim: ClaimName, path: string): boolean {
    const { folder, owner } = this.#options;
    const mine = claimPath(folder.claimed, { id: claim.id, owner });
    if (isThere(mine)) {
      // This owner has another copy in hand: that one goes on.
      removeEntry(path);
      return false;
    }
    if (!moveOver(path, mine) || this.#gaveUpSecondCopy(claim.id, mine)) return false;
    const claimed = this.#openClaim(claim.id, mine);
    if (claimed === undefined) return false;
    try {
      this.release(claimed, { maybeSeen: true });
      return true;
    } catch (error) {
      // It stays the dead owner's, and is found again once there is space to mark it.
      moveOver(mine, path);
      if (error instanceof CahootsError) return false;
      throw error;
    }
  }

  #openClaim(id: MessageId, path: string): ClaimedMessage | undefined {
    const { folder } = this.#options;
    try {
      const read = readMessageFile(path, { id, to: folder.id });
      if (read?.ok) return { message: read.message, path, arrivedMs: read.arrivedMs };
      if (read !== undefined && rejectInvalid(folder, path, read.reason)) this.#tellRefused(read);
      return undefined;
    } catch (error) {
      this.#putBack(id, path);
      throw storageError(error, `Message ${id} could not be read`);
    }
  }

  /**
   * Whether the file just claimed is a second copy; if so, it is not in hand any more.
   *
   * One whose message was handled is removed. One whose message somebody else has claimed goes back to the inbox, and is
   * removed only when a further copy waits there: so of several that meet, the last copy in time always stays.
   */
  #gaveUpSecondCopy(id: MessageId, path: string): boolean {
    const { folder } = this.#options;
    // First the claims, then what is past: one that is settled in between is found there.
    const others = claimsOf(folder, id).filter((claim) => claim !== path);
    if (this.#isHandled(id)) {
      removeEntry(path);
      this.#removeMark(id);
      return true;
    }
    if (others.length === 0) return false;
    // Not placed, it stays what it is: a copy that is not in the inbox must not be the one that goes.
    const placed = unlessGone(() => moveExclusive(path, join(folder.inbox, `${id}.json`)), undefined);
    if (placed !== undefined) removeEntry(path);
    return true;
  }

  /** Throws a storage error, and leaves the file where it is, when the inbox is gone. */
  #putBack(id: MessageId, path: string): void {
    const { folder } = this.#options;
    const place = join(folder.inbox, `${id}.json`);
    storing(`Message ${id} could not be given back`, () => {
      try {
        renameSync(path, place);
      } catch (error) {
        const code = errnoOf(error);
        if (code === 'ENOENT' && !isThere(path)) return;
        // Somebody put a folder where the message goes.
        if (code !== 'EISDIR' || !rejectInvalid(folder, place, 'a folder, no message')) throw error;
        renameSync(path, place);
      }
      // A rename over another name of the same file, as a kill can leave it, does nothing: then this name goes.
      if (isSameFile(path, place)) removeEntry(path);
    });
  }

  #look(name: string, claimed: ReadonlySet<MessageId>): PendingMessage | undefined {
    const id = idOfFile(name);
    if (id !== undefined && claimed.has(id)) return undefined;
    if (id !== undefined && !this.#files.isKnown(name) && this.#isHandled(id)) {
      const copy = this.claim(id);
      if (copy !== undefined) this.release(copy, { maybeSeen: false });
      return undefined;
    }
    return this.#files.look(name);
  }

  #isHandled(id: MessageId): boolean {
    const { folder } = this.#options;
    return isPast(folder.read, id) || isPast(folder.rejected, id);
  }

  /** The sender of a file that is no message we can read (a newer format, perhaps) learns that it will not be handled. */
  #tellRefused({ id, from, reason }: InvalidFile): void {
    const { root, folder, clock } = this.#options;
    // A damaged second copy says nothing about the message itself.
    if (id === undefined || from === undefined || this.#isHandled(id) || claimsOf(folder, id).length > 0)
      return;
    const record = { state: 'refused', at: isoMillis(clock.now()), by: folder.id, reason } as const;
    try {
      sendReceipt(root, { sender: from, message: id, record });
    } catch (error) {
      if (!(error instanceof CahootsError)) throw error;
    }
  }

  #hasExpired(pending: PendingMessage, nowMs: number): boolean {
    return nowMs - pending.arrivedMs > (pending.expiresAfterMs ?? this.#options.expiresAfterMs);
  }

  #expire(pending: PendingMessage): void {
    const { root, folder, clock } = this.#options;
    const claimed = this.claim(pending.id);
    if (claimed === undefined) return;
    const reason = `not taken within ${Math.round((pending.expiresAfterMs ?? this.#options.expiresAfterMs) / 1000)} s`;
    try {
      // The sender first: after a kill in between it expires once more, and the sender is never left without word.
      recordState(root, claimed.message, {
        state: 'expired',
        at: isoMillis(clock.now()),
        by: folder.id,
        reason,
      });
      this.reject(claimed, reason);
    } catch (error) {
      if (!(error instanceof CahootsError)) throw error;
      this.#putBack(pending.id, claimed.path);
    }
  }

  #sweep(name: string, there: ReadonlySet<string>): void {
    const isOrphan =
      name.endsWith(ACCEPTED_MARK) && !there.has(`${name.slice(0, -ACCEPTED_MARK.length)}.json`);
    if (!isOrphan && !name.startsWith(TEMPORARY_PREFIX)) return;
    const { folder, clock } = this.#options;
    removeOldFile(join(folder.inbox, name), clock.now() - ABANDONED_MS);
  }

  #removeMark(id: MessageId): void {
    const mark = join(this.#options.folder.inbox, `${id}${ACCEPTED_MARK}`);
    if (isThere(mark)) removeEntry(mark);
  }
}

function isSameFile(one: string, other: string): boolean {
  const [a, b] = [one, other].map((path) => lstatSync(path, { bigint: true, throwIfNoEntry: false }));
  return a !== undefined && b !== undefined && a.dev === b.dev && a.ino === b.ino;
}

/** Lets a held message through: the gate's next look finds the mark. Returns false when it does not wait there. */
export function markAccepted(folder: SeatFolder, id: MessageId): boolean {
  if (!isThere(join(folder.inbox, `${id}.json`))) return false;
  storing(`Message ${id} could not be marked`, () => {
    placeExclusive(join(folder.inbox, `${id}${ACCEPTED_MARK}`), '', { flush: false });
  });
  return true;
}
