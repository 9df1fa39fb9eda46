import { lstatSync } from 'node:fs';
import { join } from 'node:path';
import { unlessGone } from '../lib/errno.ts';
import { describeUnread, readUnlessForbidden } from '../lib/read-regular.ts';
import { isMessageId, type MessageId } from '../protocol/ids.ts';
import { MAX_MESSAGE_FILE_BYTES, type Message, parseMessage } from '../protocol/message.ts';
import { rejectInvalid } from './rejected.ts';
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
  | 'place'
  | 'request'
  | 'step'
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

/** A file that is no message: why, and who says to have sent it. */
export interface InvalidFile {
  readonly path: string;
  readonly reason: string;
  readonly id?: MessageId;
  readonly from?: Message['from'];
}

/** A message that was read from a file, or why it is none; undefined when the file is gone. */
export type ReadMessage =
  | { readonly ok: true; readonly message: Message; readonly arrivedMs: number }
  | ({ readonly ok: false } & InvalidFile)
  | undefined;

/** The id in the name of a message file, or undefined for a name that no message can have. */
export function idOfFile(name: string): MessageId | undefined {
  const id = name.slice(0, -'.json'.length);
  return name.endsWith('.json') && isMessageId(id) ? id : undefined;
}

/** Reads and checks one message file. Throws only for faults of the file system that may pass. */
export function readMessageFile(path: string, expected: { id: MessageId; to: Message['to'] }): ReadMessage {
  const found = readUnlessForbidden(path, MAX_MESSAGE_FILE_BYTES);
  if (found.kind === 'missing') return undefined;
  if (found.kind !== 'text')
    return { ok: false, path, reason: describeUnread(found, MAX_MESSAGE_FILE_BYTES) };
  const parsed = parseMessage(found.text, expected);
  if (!parsed.ok) return { ...parsed, path };
  return { ok: true, message: parsed.message, arrivedMs: found.modifiedMs };
}

/** What was read of the files that wait in one inbox: each is read once, however often the inbox is looked at. */
export class WaitingFiles {
  readonly #folder: SeatFolder;
  readonly #onRejected: (file: InvalidFile) => void;
  readonly #known = new Map<string, { readonly stamp: string; readonly pending: PendingMessage }>();

  constructor(folder: SeatFolder, onRejected: (file: InvalidFile) => void) {
    this.#folder = folder;
    this.#onRejected = onRejected;
  }

  /** Whether the file of that name is the one that was read before. */
  isKnown(name: string): boolean {
    const stamp = stampOf(join(this.#folder.inbox, name));
    return stamp !== undefined && this.#known.get(name)?.stamp === stamp;
  }

  /** The message in the file of that name. One that is no message is moved to `rejected/`. */
  look(name: string): PendingMessage | undefined {
    const path = join(this.#folder.inbox, name);
    const stamp = stampOf(path);
    if (stamp === undefined) return undefined;
    const known = this.#known.get(name);
    if (known?.stamp === stamp) return known.pending;
    const pending = this.#read(name, path);
    if (pending !== undefined) this.#known.set(name, { stamp, pending });
    return pending;
  }

  /** Forgets files that are not there any more. */
  keepOnly(names: readonly string[]): void {
    if (this.#known.size === 0) return;
    const there = new Set(names);
    for (const name of this.#known.keys()) if (!there.has(name)) this.#known.delete(name);
  }

  #read(name: string, path: string): PendingMessage | undefined {
    const id = idOfFile(name);
    if (id === undefined) {
      this.#reject({ path, reason: 'not a name of a message: expected "msg-", twelve of [a-z0-9], ".json"' });
      return undefined;
    }
    const read = readMessageFile(path, { id, to: this.#folder.id });
    if (read === undefined) return undefined;
    if (!read.ok) {
      this.#reject({ ...read, path });
      return undefined;
    }
    // The content may be a mebibyte: it is read again when the message is claimed.
    const { content, ...envelope } = read.message;
    return {
      ...envelope,
      contentBytes: Buffer.byteLength(content),
      arrivedMs: read.arrivedMs,
      accepted: false,
    };
  }

  #reject(file: InvalidFile): void {
    if (rejectInvalid(this.#folder, file.path, file.reason)) this.#onRejected(file);
  }
}

/** Senders stand in the order of their first waiting message; within one, `seq` decides, not a clock. */
export function inOrder(waiting: readonly PendingMessage[]): PendingMessage[] {
  const firstArrival = new Map<string, number>();
  for (const { from, arrivedMs } of waiting) {
    firstArrival.set(from, Math.min(arrivedMs, firstArrival.get(from) ?? Number.POSITIVE_INFINITY));
  }
  return [...waiting].sort(
    (a, b) =>
      (firstArrival.get(a.from) ?? 0) - (firstArrival.get(b.from) ?? 0) ||
      a.from.localeCompare(b.from) ||
      (a.seq ?? 0) - (b.seq ?? 0) ||
      a.arrivedMs - b.arrivedMs,
  );
}

/** Differs whenever another file, or other content, stands at the path. */
function stampOf(path: string): string | undefined {
  return unlessGone(() => {
    const { ino, ctimeNs, size } = lstatSync(path, { bigint: true });
    return `${ino}-${ctimeNs}-${size}`;
  }, undefined);
}
