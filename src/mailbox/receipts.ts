import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import * as z from 'zod/mini';
import { placeExclusive, writeAtomic } from '../lib/atomic-write.ts';
import { unlessGone } from '../lib/errno.ts';
import { tryWithLock } from '../lib/file-lock.ts';
import { randomId } from '../lib/random-id.ts';
import { readUnlessForbidden } from '../lib/read-regular.ts';
import { removeEntry } from '../lib/remove-entry.ts';
import type { MessageId, SeatId } from '../protocol/ids.ts';
import { parseJson } from '../protocol/json.ts';
import type { Message } from '../protocol/message.ts';
import {
  type MessageState,
  mergeStates,
  type Receipt,
  receiptSchema,
  type StateRecord,
  stateRecordSchema,
} from '../protocol/receipt.ts';
import { appendJournal } from './journal.ts';
import { pastPathForWriting, readPast } from './past.ts';
import { rejectInvalid } from './rejected.ts';
import { isOwnFolder, type SeatFolder, seatFolder } from './seat-folder.ts';
import { storing } from './storage-error.ts';

const MAX_RECEIPT_BYTES = 16 * 1024;
const MAX_REASON_CHARACTERS = 2000;
/** A receipt can be there before the copy that it belongs to, but not for so long. */
const ORPHAN_MS = 60 * 60 * 1000;
/** A time has fewer; what is longer is none. */
const MAX_TIME_CHARACTERS = 40;
/** A session is offered a message a few times; a thousand receipts of it are somebody's mischief. */
const KEPT_OFFERS = 200;
const sentCopySchema = z.looseObject({
  to: z.optional(z.unknown()),
  states: z._default(z.array(stateRecordSchema), []),
});

/**
 * Records at the sender of `message` what became of it, and in the journal.
 *
 * A sender that has no seat here (session-bridge v1) or whose seat is gone gets no receipt; the journal has it anyway.
 * Throws a storage error when the receipt cannot be written.
 */
export function recordState(root: string, message: Message, record: StateRecord): void {
  appendJournal(root, message, [record]);
  sendReceipt(root, { sender: message.from, message: message.id, record });
}

/** Only the receipt of {@link recordState}, for a message of which no more than id and sender is known. */
export function sendReceipt(
  root: string,
  { sender, message, record }: { sender: SeatId; message: MessageId; record: StateRecord },
): void {
  const { path, receipts } = seatFolder(root, sender);
  if (!isOwnFolder(path) || !isOwnFolder(receipts)) return;
  const receipt: Receipt = { message, ...record };
  // A receipt that is too long to be read would be none.
  if (record.reason !== undefined)
    receipt.reason = record.reason.slice(0, MAX_REASON_CHARACTERS).toWellFormed();
  const name = `${message}.${record.state}-${randomId(6)}.json`;
  storing(`What became of message ${message} could not be told to its sender`, () => {
    unlessGone(
      () => placeExclusive(join(receipts, name), `${JSON.stringify(receipt)}\n`, { flush: false }),
      undefined,
    );
  });
}

/** Every state recorded for a message that this seat sent, in order of time; empty when it sent no such message. */
export function statesOf(folder: SeatFolder, id: MessageId): StateRecord[] {
  // The receipts first: one that is folded in between is found in the copy.
  const waiting = readReceipts(
    folder,
    receiptNames(folder).filter((name) => name.startsWith(`${id}.`)),
  );
  const copy = sentCopy(folder, id);
  const ofThis = waiting.filter((receipt) => receipt.message === id && mayTell(receipt, { folder, copy }));
  return withFewOffers(mergeStates(copy?.states ?? [], ofThis.map(toRecord)));
}

/** What receipts told of one sent message: the message, and what is new of it. */
export type OnFolded = (sent: MessageId, news: readonly StateRecord[]) => void;

/**
 * Moves the receipts that wait in `receipts/` into the copies of the sent messages. `onFolded` is told of each message
 * before its receipts are removed: after a kill in between it is told again.
 *
 * A receipt by anybody but the receiver is moved to `rejected/`: nobody else can know what became of a message there.
 * Does nothing while another process does the same. A receipt whose sent copy is not there yet waits on; one whose copy
 * does not come, since that was removed for its age or never sent, is dropped after an hour.
 */
export function foldReceipts(folder: SeatFolder, onFolded: OnFolded = () => undefined): void {
  if (receiptNames(folder).length === 0) return;
  storing('The receipts could not be filed', () => {
    tryWithLock(join(folder.receipts, '.fold-lock'), () => {
      const receipts = readReceipts(folder, receiptNames(folder));
      for (const [id, ofOne] of Map.groupBy(receipts, ({ message }) => message))
        foldInto(folder, { id, receipts: ofOne, onFolded });
    });
  });
}

interface Fold {
  readonly id: MessageId;
  readonly receipts: readonly NamedReceipt[];
  readonly onFolded: OnFolded;
}

function foldInto(folder: SeatFolder, { id, receipts, onFolded }: Fold): void {
  const copy = readPast(folder.outbox, id);
  if (typeof copy !== 'object' || copy === null) {
    if (!isBeingSent(folder, id)) removeReceipts(folder, receipts.filter(isOld));
    return;
  }
  const known = sentCopy(folder, id);
  const [told, forged] = split(receipts, (receipt) => mayTell(receipt, { folder, copy: known }));
  for (const { file, by } of forged)
    rejectInvalid(folder, join(folder.receipts, file), `a receipt by ${by}, which is not the receiver`);
  if (told.length === 0) return;
  const states = withFewOffers(mergeStates(known?.states ?? [], told.map(toRecord)));
  writeAtomic(pastPathForWriting(folder.outbox, id), `${JSON.stringify({ ...copy, states }, null, 2)}\n`, {
    flush: false,
  });
  onFolded(id, told.map(toRecord));
  removeReceipts(folder, told);
}

/** What the sender finds out or decides by itself: that the mailbox is gone, that it wants no answer any more. */
const BY_SENDER: ReadonlySet<MessageState> = new Set(['undeliverable', 'cancelled']);

/** Everything else that becomes of a message its receiver alone can tell. */
function mayTell(
  { by, state }: Receipt,
  { folder, copy }: { folder: SeatFolder; copy: SentCopy | undefined },
): boolean {
  return copy?.to === undefined || by === copy.to || (by === folder.id && BY_SENDER.has(state));
}

/** The copy must stay small enough to be read, whatever is told of the message. */
function withFewOffers(states: readonly StateRecord[]): StateRecord[] {
  const late = new Set(states.filter(({ state }) => state === 'offered').slice(-KEPT_OFFERS));
  return states.filter((record) => record.state !== 'offered' || late.has(record));
}

function split<T>(items: readonly T[], isFirst: (item: T) => boolean): [T[], T[]] {
  return [items.filter(isFirst), items.filter((item) => !isFirst(item))];
}

function isBeingSent(folder: SeatFolder, id: MessageId): boolean {
  return unlessGone(() => readdirSync(folder.sending), []).some((name) => name.startsWith(id));
}

function isOld({ writtenMs }: NamedReceipt): boolean {
  return Date.now() - writtenMs > ORPHAN_MS;
}

function removeReceipts(folder: SeatFolder, receipts: readonly NamedReceipt[]): void {
  for (const { file } of receipts) removeEntry(join(folder.receipts, file));
}

type SentCopy = z.infer<typeof sentCopySchema>;

function sentCopy(folder: SeatFolder, id: MessageId): SentCopy | undefined {
  const parsed = sentCopySchema.safeParse(readPast(folder.outbox, id));
  return parsed.success ? parsed.data : undefined;
}

interface NamedReceipt extends Receipt {
  readonly file: string;
  readonly writtenMs: number;
}

function receiptNames(folder: SeatFolder): string[] {
  if (!isOwnFolder(folder.receipts)) return [];
  return unlessGone(() => readdirSync(folder.receipts), []).filter(
    (name) => name.startsWith('msg-') && name.endsWith('.json'),
  );
}

function readReceipts(folder: SeatFolder, names: readonly string[]): NamedReceipt[] {
  return names.flatMap((file) => {
    const path = join(folder.receipts, file);
    const found = readUnlessForbidden(path, MAX_RECEIPT_BYTES);
    // It was just folded by another process.
    if (found.kind === 'missing') return [];
    const receipt = found.kind === 'text' ? parseJson(found.text, receiptSchema) : undefined;
    if (found.kind === 'text' && receipt !== undefined)
      return [{ ...receipt, file, writtenMs: found.modifiedMs }];
    rejectInvalid(folder, path, 'not a receipt');
    return [];
  });
}

function toRecord(receipt: Receipt): StateRecord {
  const { state, at, by, reason, path, unproved } = receipt;
  return {
    state,
    at: at.slice(0, MAX_TIME_CHARACTERS).toWellFormed(),
    by,
    ...(reason === undefined ? {} : { reason: reason.slice(0, MAX_REASON_CHARACTERS).toWellFormed() }),
    ...(path === undefined ? {} : { path }),
    ...(unproved === undefined ? {} : { unproved }),
  };
}
