import { closeSync, constants, fstatSync, openSync, readdirSync, readSync } from 'node:fs';
import { join } from 'node:path';
import { errnoOf, unlessGone } from '../lib/errno.ts';
import { isMessageId, type MessageId } from '../protocol/ids.ts';
import { type JournalEntry, journalFolder, parseJournal } from './journal.ts';

/** A line of the journal whose message id is well formed. */
export interface KnownEntry extends JournalEntry {
  readonly message: MessageId;
}

/** The end of what was read: a day file and how many of its bytes. */
export interface JournalPosition {
  readonly day: string;
  readonly bytes: number;
}

const OPEN = constants.O_RDONLY | (constants.O_NOFOLLOW ?? 0) | (constants.O_NONBLOCK ?? 0);
const CHUNK_BYTES = 64 * 1024;
const LINE_BREAK = 0x0a;

/**
 * The newest entries of a root's journal, oldest first, at most `limit`. Costs what is returned, not what was ever
 * written: the day files are read from their ends.
 */
export function readJournalTail(root: string, limit: number): KnownEntry[] {
  return readJournalEnd(root, limit).entries;
}

/** Like {@link readJournalTail}; `end` is where the next entry will begin, undefined while there is no journal. */
export function readJournalEnd(
  root: string,
  limit: number,
): { entries: KnownEntry[]; end: JournalPosition | undefined } {
  let entries: KnownEntry[] = [];
  let end: JournalPosition | undefined;
  for (const day of journalDays(root).reverse()) {
    if (end !== undefined && entries.length >= limit) break;
    const tail = withFile(join(journalFolder(root), day), (file, size) => ({
      size,
      found: tailOf(file, { size, limit: limit - entries.length }),
    }));
    if (tail === undefined) continue;
    entries = [...tail.found, ...entries];
    end ??= { day, bytes: tail.size };
  }
  return { entries, end };
}

/** The entries after a position, and where they end; a line that is still being written is left for the next call. */
export function readJournalAfter(
  root: string,
  after: JournalPosition | undefined,
): { entries: KnownEntry[]; end: JournalPosition | undefined } {
  const entries: KnownEntry[] = [];
  let end = after;
  for (const day of journalDays(root)) {
    if (after !== undefined && day < after.day) continue;
    const from = day === after?.day ? after.bytes : 0;
    const text = withFile(join(journalFolder(root), day), (file, size) =>
      readRange(file, from, Math.max(from, size)),
    );
    if (text === undefined) continue;
    const whole = withoutUnfinishedLine(text);
    for (const entry of knownEntries(whole)) entries.push(entry);
    end = { day, bytes: from + whole.length };
  }
  return { entries, end };
}

function journalDays(root: string): string[] {
  return unlessGone(() => readdirSync(journalFolder(root)), [])
    .filter((name) => /^\d{4}-\d\d-\d\d\.jsonl$/.test(name))
    .sort();
}

function tailOf(file: number, { size, limit }: { size: number; limit: number }): KnownEntry[] {
  let start = size;
  let bytes: Buffer = Buffer.alloc(0);
  let found: KnownEntry[] = [];
  while (start > 0 && found.length < limit) {
    const earlier = Math.max(0, start - Math.max(CHUNK_BYTES, bytes.length));
    bytes = Buffer.concat([readRange(file, earlier, start), bytes]);
    start = earlier;
    // The first line may have begun before this chunk; a line break stands in front of every line.
    found = knownEntries(start === 0 ? bytes : bytes.subarray(Math.max(0, bytes.indexOf(LINE_BREAK))));
  }
  return limit > 0 ? found.slice(-limit) : [];
}

function knownEntries(lines: Buffer): KnownEntry[] {
  return parseJournal(lines.toString('utf8')).flatMap((entry) => {
    const { message } = entry;
    return isMessageId(message) ? [{ ...entry, message }] : [];
  });
}

/** A line break stands in front of every line and none behind it: the last line is whole when it is JSON. */
function withoutUnfinishedLine(lines: Buffer): Buffer {
  const start = lines.lastIndexOf(LINE_BREAK);
  const last = lines.subarray(start + 1);
  return last.length === 0 || last.at(-1) === '}'.charCodeAt(0)
    ? lines
    : lines.subarray(0, Math.max(0, start));
}

function withFile<T>(path: string, use: (file: number, size: number) => T): T | undefined {
  const file = openJournal(path);
  if (file === undefined) return undefined;
  try {
    const stat = fstatSync(file);
    return stat.isFile() ? use(file, stat.size) : undefined;
  } finally {
    closeSync(file);
  }
}

/** Links and pipes that somebody put there are left out. */
function openJournal(path: string): number | undefined {
  try {
    return openSync(path, OPEN);
  } catch (error) {
    const code = errnoOf(error);
    if (code === 'ENOENT' || code === 'ENOTDIR' || code === 'ELOOP' || code === 'ENXIO') return undefined;
    throw error;
  }
}

function readRange(file: number, from: number, to: number): Buffer {
  const buffer = Buffer.alloc(to - from);
  let read = 0;
  while (read < buffer.length) {
    const count = readSync(file, buffer, read, buffer.length - read, from + read);
    if (count === 0) break;
    read += count;
  }
  return buffer.subarray(0, read);
}
