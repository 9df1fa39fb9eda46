import { readdirSync, unlinkSync } from 'node:fs';
import { join } from 'node:path';
import * as z from 'zod/mini';
import { placeExclusive, writeAtomic } from '../lib/atomic-write.ts';
import { unlessGone } from '../lib/errno.ts';
import { tryWithLock } from '../lib/file-lock.ts';
import { randomId } from '../lib/random-id.ts';
import { readRegular } from '../lib/read-regular.ts';
import { isMessageId, type MessageId } from '../protocol/ids.ts';
import { parseJson } from '../protocol/json.ts';
import type { Message } from '../protocol/message.ts';
import {
  mergeStates,
  type Receipt,
  receiptSchema,
  type StateRecord,
  stateRecordSchema,
} from '../protocol/receipt.ts';
import { appendJournal } from './journal.ts';
import { pastPath, pastPathForWriting, readPast } from './past.ts';
import { isThere, type SeatFolder, seatFolder } from './seat-folder.ts';

const MAX_RECEIPT_BYTES = 16 * 1024;
const sentCopySchema = z.looseObject({ states: z._default(z.array(stateRecordSchema), []) });

/**
 * Records at the sender of `message` what became of it, and in the journal.
 *
 * A sender that has no seat here (session-bridge v1) or whose seat is gone gets no receipt; the journal has it anyway.
 */
export function recordState(root: string, message: Message, record: StateRecord): void {
  appendJournal(root, message, record);
  const sender = seatFolder(root, message.from);
  if (!isThere(sender.receipts)) return;
  const receipt: Receipt = { message: message.id, ...record };
  const name = `${message.id}.${record.state}-${randomId(6)}.json`;
  unlessGone(
    () => placeExclusive(join(sender.receipts, name), `${JSON.stringify(receipt)}\n`, { flush: false }),
    undefined,
  );
}

/** Every state recorded for a message that this seat sent, in order of time; empty when it sent no such message. */
export function statesOf(folder: SeatFolder, id: MessageId): StateRecord[] {
  return mergeStates(
    foldedStates(folder, id),
    waitingReceipts(folder)
      .filter((receipt) => receipt.message === id)
      .map(toRecord),
  );
}

/**
 * Moves the receipts that wait in `receipts/` into the copies of the sent messages.
 *
 * Does nothing while another process does the same. A receipt whose sent copy is not there yet waits on.
 */
export function foldReceipts(folder: SeatFolder): void {
  if (receiptNames(folder).length === 0) return;
  tryWithLock(join(folder.receipts, '.fold-lock'), () => {
    const byMessage = Map.groupBy(waitingReceipts(folder), (receipt) => receipt.message);
    for (const [id, receipts] of byMessage) foldInto(folder, id, receipts);
  });
}

function foldInto(folder: SeatFolder, id: MessageId, receipts: readonly NamedReceipt[]): void {
  const copy = readPast(folder.outbox, id);
  if (typeof copy !== 'object' || copy === null) return;
  const states = mergeStates(foldedStates(folder, id), receipts.map(toRecord));
  writeAtomic(pastPathForWriting(folder.outbox, id), `${JSON.stringify({ ...copy, states }, null, 2)}\n`, {
    flush: false,
  });
  for (const { file } of receipts) unlessGone(() => unlinkSync(join(folder.receipts, file)), undefined);
}

function foldedStates(folder: SeatFolder, id: MessageId): StateRecord[] {
  const found = readRegular(pastPath(folder.outbox, id), Number.MAX_SAFE_INTEGER);
  return found.kind === 'text' ? (parseJson(found.text, sentCopySchema)?.states ?? []) : [];
}

interface NamedReceipt extends Receipt {
  readonly file: string;
}

function receiptNames(folder: SeatFolder): string[] {
  return unlessGone(() => readdirSync(folder.receipts), []).filter(
    (name) => name.startsWith('msg-') && name.endsWith('.json'),
  );
}

function waitingReceipts(folder: SeatFolder): NamedReceipt[] {
  return receiptNames(folder).flatMap((file) => {
    const path = join(folder.receipts, file);
    const found = readRegular(path, MAX_RECEIPT_BYTES);
    const receipt = found.kind === 'text' ? parseJson(found.text, receiptSchema) : undefined;
    if (receipt !== undefined && isMessageId(receipt.message)) return [{ ...receipt, file }];
    // Unreadable: nothing depends on it and nobody can mend it; a missing one was just folded by another process.
    if (found.kind === 'text' || found.kind === 'not-utf8') unlessGone(() => unlinkSync(path), undefined);
    return [];
  });
}

function toRecord(receipt: Receipt): StateRecord {
  const { state, at, by, reason, path } = receipt;
  return {
    state,
    at,
    by,
    ...(reason === undefined ? {} : { reason }),
    ...(path === undefined ? {} : { path }),
  };
}
