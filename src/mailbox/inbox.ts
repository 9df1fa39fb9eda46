import { lstatSync, readdirSync, renameSync, unlinkSync } from 'node:fs';
import { join } from 'node:path';
import { TEMPORARY_PREFIX, placeExclusive, writeAtomic } from '../lib/atomic-write.ts';
import type { Clock } from '../lib/clock.ts';
import { isoMillis } from '../lib/clock.ts';
import { errnoOf, unlessGone } from '../lib/errno.ts';
import { livenessOf } from '../lib/process-identity.ts';
import { type ReadResult, readRegular } from '../lib/read-regular.ts';
import { isMessageId, type MessageId } from '../protocol/ids.ts';
import { MAX_MESSAGE_FILE_BYTES, type Message, parseMessage } from '../protocol/message.ts';
import { type ClaimName, type ClaimOwner, claimPath, parseClaimName, sameOwner } from './claim-name.ts';
import { takeFromFacade } from './facade.ts';
import { isPast, pastPathForWriting } from './past.ts';
import { recordState } from './receipts.ts';
import { rejectInvalid, rejectMessage } from './rejected.ts';
import type { SeatFolder } from './seat-folder.ts';

type Envelope = Pick<
  Message,
  | 'id'
  | 'from'
  | 'to'
  | 'type'
  | 'timestamp'
  | 'inReplyTo'
  | 'metadata'
  | 'seq'
  | 'expiresAfterMs'
  | 'thread'
  | 'hops'
  | 'repeat'
>;

/** What is known of a message that waits, without its content. */
export interface PendingMessage extends Envelope {
  readonly contentBytes: number;
  /** When it came into this mailbox, by this machine's clock, in milliseconds since the epoch. */
  readonly arrivedMs: number;
  /** A person let it through although the gate holds its sender. */
  readonly accepted: boolean;
}

/** A message that this owner has taken and nobody else can take. */
export interface ClaimedMessage {
  readonly message: Message;
  readonly path: string;
  readonly arrivedMs: number;
}

export interface InboxOptions {
  readonly root: string;
  readonly folder: SeatFolder;
  readonly owner: ClaimOwner;
  readonly clock: Clock;
  /** For messages that name no duration of their own. */
  readonly expiresAfterMs: number;
}

/** A claim of another boot or container that was not renewed for so long belongs to nobody any more. */
const FOREIGN_CLAIM_PATIENCE_MS = 10 * 60 * 1000;
/** A temporary file that is this old was left by a writer that was killed. */
const ABANDONED_TEMPORARY_MS = 60 * 60 * 1000;
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
 * place; where a crash leaves two copies, the later place counts. An id that was handled once is never claimed again.
 */
export class Inbox {
  readonly #options: InboxOptions;
  /** What was read of files that still wait, by file name: each is read once, however often the inbox is looked at. */
  readonly #known = new Map<string, { readonly inode: bigint; readonly pending: PendingMessage }>();

  constructor(options: InboxOptions) {
    this.#options = options;
  }

  /**
   * The messages that wait, by sender in the order of `seq`, senders in the order of arrival.
   *
   * Takes in what v1 wrote, moves what is no message to `rejected/` and what has expired too. Costs what is pending.
   */
  pending(): PendingMessage[] {
    const { root, folder, clock } = this.#options;
    takeFromFacade(root, folder);
    const waiting: PendingMessage[] = [];
    const names = unlessGone(() => readdirSync(folder.inbox), []);
    const accepted = new Set(names.filter((name) => name.endsWith(ACCEPTED_MARK)));
    for (const name of names) {
      if (!name.endsWith('.json')) this.#sweepTemporary(name);
      else {
        const found = this.#look(name);
        if (found === undefined) continue;
        const pending = accepted.has(`${found.id}${ACCEPTED_MARK}`) ? { ...found, accepted: true } : found;
        if (this.#hasExpired(pending, clock.now())) this.#expire(pending);
        else waiting.push(pending);
      }
    }
    if (this.#known.size > waiting.length) this.#forgetAllBut(new Set(names));
    return inOrder(waiting);
  }

  /**
   * Takes one waiting message for this owner. Of all who try, in however many processes, exactly one gets it.
   *
   * Undefined when another owner has it, when it was handled before (the second copy is removed), or when its file is
   * no message any more.
   */
  claim(id: MessageId): ClaimedMessage | undefined {
    const { folder, owner } = this.#options;
    const source = join(folder.inbox, `${id}.json`);
    const before = inodeOf(source);
    if (before === undefined) return undefined;
    if (this.#isTakenElsewhere(id)) {
      unlessGone(() => unlinkSync(source), undefined);
      return undefined;
    }
    const path = claimPath(folder.claimed, { id, owner });
    const taken = unlessGone(() => {
      renameSync(source, path);
      return true;
    }, false);
    if (!taken) return undefined;
    // A file of another inode came to the same name after the look above: it is a second copy, whose first one may
    // have been claimed in between.
    if (inodeOf(path) !== before && this.#isTakenElsewhere(id)) {
      unlessGone(() => unlinkSync(path), undefined);
      return undefined;
    }
    unlessGone(() => unlinkSync(join(folder.inbox, `${id}${ACCEPTED_MARK}`)), undefined);
    return this.#openClaim(id, path);
  }

  /** Ends a claim: the message has reached the session. It lies in `read/` afterwards, with status `read`. */
  settle(claimed: ClaimedMessage): void {
    const { folder, clock } = this.#options;
    const { message, path } = claimed;
    const content = { ...message, status: 'read', readAt: isoMillis(clock.now()) };
    placeExclusive(pastPathForWriting(folder.read, message.id), `${JSON.stringify(content, null, 2)}\n`, {
      flush: false,
    });
    unlessGone(() => unlinkSync(path), undefined);
  }

  /** Gives a claim back; with `maybeSeen` the next owner is told that the session may have seen it already. */
  release(claimed: ClaimedMessage, options: { readonly maybeSeen: boolean }): void {
    const { folder } = this.#options;
    if (options.maybeSeen) markRepeat(claimed);
    unlessGone(() => renameSync(claimed.path, join(folder.inbox, `${claimed.message.id}.json`)), undefined);
  }

  /** Ends a claim without handling: the message lies in `rejected/` with the reason afterwards. */
  reject(claimed: ClaimedMessage, reason: string): void {
    rejectMessage(this.#options.folder, { id: claimed.message.id, path: claimed.path, reason });
  }

  /**
   * Gives back what dead owners had claimed, marked as a possible repeat, and returns how many messages that were.
   *
   * Each is first claimed by this owner, so that a kill in the middle leaves it to the next one who looks.
   */
  recoverClaims(): number {
    const { folder, owner, clock } = this.#options;
    let recovered = 0;
    for (const name of unlessGone(() => readdirSync(folder.claimed), [])) {
      const path = join(folder.claimed, name);
      const claim = parseClaimName(name);
      if (claim === undefined) {
        if (name.endsWith('.json')) rejectInvalid(folder, path, 'not a name that a claim can have');
        continue;
      }
      if (sameOwner(claim.owner, owner) || !this.#isAbandoned(claim, path, clock.now())) continue;
      if (this.#recover(claim, path)) recovered += 1;
    }
    return recovered;
  }

  #recover(claim: ClaimName, path: string): boolean {
    const { folder, owner } = this.#options;
    const mine = claimPath(folder.claimed, { id: claim.id, owner });
    const stolen = unlessGone(() => {
      renameSync(path, mine);
      return true;
    }, false);
    if (!stolen) return false;
    if (isPast(folder.read, claim.id) || isPast(folder.rejected, claim.id)) {
      unlessGone(() => unlinkSync(mine), undefined);
      return false;
    }
    const claimed = this.#openClaim(claim.id, mine);
    if (claimed !== undefined) this.release(claimed, { maybeSeen: true });
    return claimed !== undefined;
  }

  #isAbandoned(claim: ClaimName, path: string, nowMs: number): boolean {
    switch (livenessOf(claim.owner.process)) {
      case 'alive':
        return false;
      case 'dead':
        return true;
      case 'unknown':
        return nowMs - unlessGone(() => lstatSync(path).ctimeMs, nowMs) > FOREIGN_CLAIM_PATIENCE_MS;
    }
  }

  #openClaim(id: MessageId, path: string): ClaimedMessage | undefined {
    const { folder } = this.#options;
    const found = readRegular(path, MAX_MESSAGE_FILE_BYTES);
    const parsed = found.kind === 'text' ? parseMessage(found.text, { id, to: folder.id }) : undefined;
    if (found.kind === 'text' && parsed?.ok)
      return { message: parsed.message, path, arrivedMs: found.modifiedMs };
    if (found.kind !== 'missing')
      rejectInvalid(folder, path, parsed?.ok === false ? parsed.reason : describeRead(found));
    return undefined;
  }

  /** Another claim of the same id, or a past one: whatever copy is in hand is a repeat of a handled message. */
  #isTakenElsewhere(id: MessageId): boolean {
    const { folder, owner } = this.#options;
    if (isPast(folder.read, id) || isPast(folder.rejected, id)) return true;
    return unlessGone(() => readdirSync(folder.claimed), []).some((name) => {
      const claim = parseClaimName(name);
      return claim?.id === id && !sameOwner(claim.owner, owner);
    });
  }

  #look(name: string): PendingMessage | undefined {
    const { folder } = this.#options;
    const path = join(folder.inbox, name);
    const inode = inodeOf(path);
    if (inode === undefined) return undefined;
    const known = this.#known.get(name);
    if (known !== undefined && known.inode === inode) return known.pending;
    const id = name.slice(0, -'.json'.length);
    if (!isMessageId(id)) {
      rejectInvalid(
        folder,
        path,
        'not a file name that a message can have: expected "msg-", twelve of [a-z0-9], ".json"',
      );
      return undefined;
    }
    const found = readForPending(path);
    if (found.kind === 'missing') return undefined;
    const parsed = found.kind === 'text' ? parseMessage(found.text, { id, to: folder.id }) : undefined;
    if (found.kind !== 'text' || parsed === undefined || !parsed.ok) {
      rejectInvalid(folder, path, parsed?.ok === false ? parsed.reason : describeRead(found));
      return undefined;
    }
    // The content may be a mebibyte: it is read again when the message is claimed.
    const { content, ...envelope } = parsed.message;
    const contentBytes = Buffer.byteLength(content);
    const pending: PendingMessage = {
      ...envelope,
      contentBytes,
      arrivedMs: found.modifiedMs,
      accepted: false,
    };
    this.#known.set(name, { inode, pending });
    return pending;
  }

  #hasExpired(pending: PendingMessage, nowMs: number): boolean {
    return nowMs - pending.arrivedMs > (pending.expiresAfterMs ?? this.#options.expiresAfterMs);
  }

  #expire(pending: PendingMessage): void {
    const { root, folder, clock } = this.#options;
    const claimed = this.claim(pending.id);
    if (claimed === undefined) return;
    const reason = `not taken within ${Math.round((pending.expiresAfterMs ?? this.#options.expiresAfterMs) / 1000)} s`;
    this.reject(claimed, reason);
    recordState(root, claimed.message, {
      state: 'expired',
      at: isoMillis(clock.now()),
      by: folder.id,
      reason,
    });
  }

  #sweepTemporary(name: string): void {
    if (!name.startsWith(TEMPORARY_PREFIX)) return;
    const path = join(this.#options.folder.inbox, name);
    const age =
      this.#options.clock.now() - unlessGone(() => lstatSync(path).mtimeMs, Number.POSITIVE_INFINITY);
    if (age > ABANDONED_TEMPORARY_MS) unlessGone(() => unlinkSync(path), undefined);
  }

  #forgetAllBut(names: ReadonlySet<string>): void {
    for (const name of this.#known.keys()) if (!names.has(name)) this.#known.delete(name);
  }
}

/** Lets a held message through: the gate's next look finds the mark. Returns false when it does not wait there. */
export function markAccepted(folder: SeatFolder, id: MessageId): boolean {
  if (inodeOf(join(folder.inbox, `${id}.json`)) === undefined) return false;
  placeExclusive(join(folder.inbox, `${id}${ACCEPTED_MARK}`), '', { flush: false });
  return true;
}

function inodeOf(path: string): bigint | undefined {
  return unlessGone(() => lstatSync(path, { bigint: true }).ino, undefined);
}

/** A file that may not be read is as useless as a torn one, and must not stop the reader. */
function readForPending(path: string): ReadResult {
  try {
    return readRegular(path, MAX_MESSAGE_FILE_BYTES);
  } catch (error) {
    if (errnoOf(error) === 'EACCES') return { kind: 'not-regular' };
    throw error;
  }
}

function describeRead(found: ReadResult): string {
  switch (found.kind) {
    case 'too-large':
      return `${found.bytes} bytes; a message file has at most ${MAX_MESSAGE_FILE_BYTES}`;
    case 'not-utf8':
      return 'not UTF-8';
    case 'not-regular':
      return 'not a regular file that can be read (a link, a folder, a pipe, or no permission)';
    case 'missing':
      return 'gone';
    case 'text':
      return 'not a message';
  }
}

function markRepeat({ message, path, arrivedMs }: ClaimedMessage): void {
  const marked = { ...message, repeat: (message.repeat ?? 0) + 1 };
  writeAtomic(path, `${JSON.stringify(marked, null, 2)}\n`, { flush: true, modifiedMs: arrivedMs });
}

/** Senders stand in the order of their first waiting message; within one, `seq` decides, not a clock. */
function inOrder(waiting: PendingMessage[]): PendingMessage[] {
  const firstArrival = new Map<string, number>();
  for (const { from, arrivedMs } of waiting) {
    firstArrival.set(from, Math.min(arrivedMs, firstArrival.get(from) ?? Number.POSITIVE_INFINITY));
  }
  return waiting.sort(
    (a, b) =>
      (firstArrival.get(a.from) ?? 0) - (firstArrival.get(b.from) ?? 0) ||
      a.from.localeCompare(b.from) ||
      (a.seq ?? 0) - (b.seq ?? 0) ||
      a.arrivedMs - b.arrivedMs,
  );
}
