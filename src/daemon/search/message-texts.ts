import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { errnoOf, unlessGone } from '../../lib/errno.ts';
import { allSeatFolders } from '../../mailbox/all-seats.ts';
import { findReceived, findSent } from '../../mailbox/find-message.ts';
import { type SeatFolder, seatFolder } from '../../mailbox/seat-folder.ts';
import { isMessageId, isSeatId, type MessageId } from '../../protocol/ids.ts';
import type { Message } from '../../protocol/message.ts';
import type { IndexEntry } from './search-index.ts';
import { stateRecordsOf } from './sent-states.ts';

/** A text with what the index keeps of it. */
export interface IndexedText {
  readonly entry: IndexEntry;
  readonly text: string;
}

const MESSAGE_NAME = /^(msg-[a-z0-9]{12})(?:~.*)?\.json$/;

/** The messages of a root as the index takes them in. */
export class MessageTexts {
  readonly #root: string;

  constructor(root: string) {
    this.#root = root;
  }

  /** The ids of all messages, each as often as there are copies, with the seat where the copy lies; folder by folder. */
  *all(): Generator<{ id: MessageId; folder: SeatFolder }> {
    yield* this.past();
    for (const folder of allSeatFolders(this.#root)) {
      for (const waiting of [folder.inbox, folder.claimed]) yield* idsIn(waiting, folder);
    }
  }

  /** The same without those that wait. */
  *past(): Generator<{ id: MessageId; folder: SeatFolder }> {
    for (const folder of allSeatFolders(this.#root)) {
      for (const past of [folder.outbox, folder.read, folder.rejected]) {
        // A shard is one character; what else lies there is no past message.
        for (const shard of namesIn(past).filter((name) => /^[a-z0-9]$/.test(name)))
          yield* idsIn(join(past, shard), folder);
      }
    }
  }

  /** The ids of the messages that wait at a seat. */
  waitingAt(folder: SeatFolder): MessageId[] {
    return [...idsIn(folder.inbox, folder)].map(({ id }) => id);
  }

  /** A message of which it is known who sent and received it; undefined once no copy is left. */
  read({ id, from, to }: { id: string; from: string; to: string }): IndexedText | undefined {
    if (!isMessageId(id)) return undefined;
    const sent = isSeatId(from)
      ? unlessUnreadable(() => findSent(seatFolder(this.#root, from), id))
      : undefined;
    if (sent?.message.from === from) return indexed(sent.message);
    const received = isSeatId(to)
      ? unlessUnreadable(() => findReceived(seatFolder(this.#root, to), id))
      : undefined;
    return received?.message.to === to ? indexed(received.message) : undefined;
  }

  /** A message of which a copy lies at a seat. */
  readAt(folder: SeatFolder, id: MessageId): IndexedText | undefined {
    const sent = unlessUnreadable(() => findSent(folder, id));
    if (sent?.message.from === folder.id) return indexed(sent.message);
    const received = unlessUnreadable(() => findReceived(folder, id));
    return received?.message.to === folder.id ? indexed(received.message) : undefined;
  }
}

function indexed(message: Message): IndexedText {
  const { id, type, from, to, content } = message;
  return { entry: { id, type, from, to, atMs: timeOf(message) }, text: content };
}

/** When a message was sent: the sender's own copy knows it to the millisecond. A time that is none, or not yet, is now. */
export function timeOf(message: Message): number {
  const nowMs = Date.now();
  const atMs = Date.parse(stateRecordsOf(message)[0]?.at ?? message.timestamp);
  return Number.isNaN(atMs) ? nowMs : Math.min(nowMs, Math.max(0, atMs));
}

function* idsIn(path: string, folder: SeatFolder): Generator<{ id: MessageId; folder: SeatFolder }> {
  for (const name of namesIn(path)) {
    const id = MESSAGE_NAME.exec(name)?.[1];
    if (isMessageId(id)) yield { id, folder };
  }
}

/** What cannot be read must not keep the rest from being found. */
function namesIn(path: string): string[] {
  return unlessUnreadable(() => unlessGone(() => readdirSync(path), [])) ?? [];
}

function unlessUnreadable<T>(work: () => T): T | undefined {
  try {
    return work();
  } catch (error) {
    if (errnoOf(error) === undefined) throw error;
    return undefined;
  }
}
