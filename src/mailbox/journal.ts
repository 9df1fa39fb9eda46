import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import * as z from 'zod/mini';
import { errnoOf } from '../lib/errno.ts';
import { isDeeperThan, MAX_DEPTH } from '../lib/json-depth.ts';
import { appendJsonLines, parseJsonLines } from '../lib/json-lines.ts';
import { removeOldFiles } from '../lib/old-files.ts';
import type { Message } from '../protocol/message.ts';
import { type StateRecord, stateRecordSchema } from '../protocol/receipt.ts';
import { isOwnFolder, isThere } from './seat-folder.ts';

const SUMMARY_CHARACTERS = 160;
const MAX_REASON_CHARACTERS = 300;

const text = z.string();
const optionalText = z.optional(text);
const entrySchema = z.looseObject({
  ...stateRecordSchema.shape,
  message: text,
  from: text,
  to: text,
  type: optionalText,
  thread: optionalText,
  inReplyTo: z.optional(z.nullable(text)),
  summary: optionalText,
});
/** One line of the journal: a message reached a state. */
export type JournalEntry = z.infer<typeof entrySchema>;

/** Where the journal of a root is: one file of JSON lines for each day (UTC). */
export function journalFolder(root: string): string {
  return join(root, 'log');
}

/** The journal file of the day in which `epochMs` falls. */
export function journalFile(root: string, epochMs: number): string {
  return join(journalFolder(root), `${new Date(epochMs).toISOString().slice(0, 10)}.jsonl`);
}

/**
 * Appends that `message` reached one state after the other. The journal is for people: nothing of delivery depends on it, so a line that
 * the file system refuses (a full disk, a link in its place) is left out.
 */
export function appendJournal(root: string, message: Message, records: readonly StateRecord[]): void {
  try {
    const folder = journalFolder(root);
    if (!isThere(folder)) mkdirSync(folder, { recursive: true, mode: 0o700 });
    const [first] = records;
    if (first === undefined || !isOwnFolder(folder)) return;
    const lines = records.map((record) => entryOf(message, record));
    appendJsonLines(journalFile(root, Date.parse(first.at)), lines);
  } catch (error) {
    if (errnoOf(error) === undefined) throw error;
  }
}

function entryOf(message: Message, record: StateRecord): object {
  return {
    ...record,
    ...(record.reason === undefined ? {} : { reason: oneLine(record.reason, MAX_REASON_CHARACTERS) }),
    message: message.id,
    from: message.from,
    to: message.to,
    type: message.type,
    thread: message.thread ?? message.id,
    inReplyTo: message.inReplyTo,
    summary: oneLine(message.content, SUMMARY_CHARACTERS),
  };
}

/** Control characters become blanks: they would take six bytes each, and the line has a size to keep. */
function oneLine(text: string, characters: number): string {
  return text
    .slice(0, characters)
    .toWellFormed()
    .replace(/[\p{Cc}\u2028\u2029]+/gu, ' ');
}

/** The entries in a text of journal lines; what is no entry is left out. */
export function parseJournal(text: string): JournalEntry[] {
  return parseJsonLines(text).flatMap((value) => {
    if (isDeeperThan(value, MAX_DEPTH)) return [];
    const parsed = entrySchema.safeParse(value);
    return parsed.success ? [parsed.data] : [];
  });
}

/** Removes day files last written before `olderThanMs`. */
export function pruneJournal(root: string, olderThanMs: number): void {
  removeOldFiles(journalFolder(root), { isMeant: () => true, olderThanMs });
}
