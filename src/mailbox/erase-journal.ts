import {
  closeSync,
  constants,
  fstatSync,
  fsyncSync,
  futimesSync,
  openSync,
  readdirSync,
  readSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import { errnoOf, unlessGone } from '../lib/errno.ts';
import { isSeatId, type SeatId } from '../protocol/ids.ts';
import { journalFile, journalFolder } from './journal.ts';

/** What a line of the journal is about. */
export interface JournalLine {
  readonly message: string;
  readonly from: SeatId;
  readonly to: SeatId;
  /** When the state was reached; undefined where the line does not say a time. */
  readonly atMs: number | undefined;
}

export interface JournalErasure {
  /** Whether a line is to go. */
  readonly isMeant: (line: JournalLine) => boolean;
  /** Only says how many lines that are. */
  readonly dryRun: boolean;
  readonly nowMs: number;
}

const OPEN = constants.O_RDWR | (constants.O_NOFOLLOW ?? 0) | (constants.O_NONBLOCK ?? 0);
const DAY = /^\d{4}-\d\d-\d\d\.jsonl$/;
const LINE_BREAK = 0x0a;
/** As lines are written; the text of the message comes after these, so that one that was cut off before has none of it. */
const ABOUT = /"message":"([^"]*)","from":"([^"]*)","to":"([^"]*)"/;
const AT = /"at":"([^"]*)"/;

/** The files of the journal, the oldest first. */
export function journalFiles(root: string): string[] {
  const folder = journalFolder(root);
  return unlessGone(() => readdirSync(folder), [])
    .filter((name) => DAY.test(name))
    .sort()
    .map((name) => join(folder, name));
}

/**
 * Erases the lines of one file of the journal that are meant, and returns how many.
 *
 * Each is overwritten with empty lines where it stands. Nothing is moved and nothing cut off, so no line that another
 * process appends at the same moment is lost, and who reads on from a place in the file goes on to read the same. Lines
 * that a killed process left unfinished are erased, too, unless one is the last of today: it may be in the making.
 */
export function eraseJournalLines(path: string, { isMeant, dryRun, nowMs }: JournalErasure): number {
  const file = openForErasing(path);
  if (file === undefined) return 0;
  try {
    const stat = fstatSync(file);
    if (!stat.isFile()) return 0;
    const bytes = readWhole(file, stat.size);
    // To the file of today others append.
    const isToday = path.endsWith(journalFile('', nowMs));
    let erased = 0;
    for (const [start, end] of linesOf(bytes, { isToday })) {
      const line = aboutOf(bytes.toString('utf8', start, end));
      if (line === undefined || !isMeant(line)) continue;
      erased += 1;
      if (!dryRun) overwrite(file, { start, length: end - start });
    }
    if (erased > 0 && !dryRun) {
      fsyncSync(file);
      // What stays is to go with its age, which is not counted from now.
      if (!isToday) futimesSync(file, stat.atime, stat.mtime);
    }
    return erased;
  } finally {
    closeSync(file);
  }
}

/** Where each line begins and ends, without its break. */
function* linesOf(
  bytes: Buffer,
  { isToday }: { isToday: boolean },
): Generator<readonly [start: number, end: number]> {
  for (let start = 0; start < bytes.length; ) {
    const found = bytes.indexOf(LINE_BREAK, start);
    const end = found === -1 ? bytes.length : found;
    const isWhole = !isToday || found !== -1 || bytes[end - 1] === '}'.charCodeAt(0);
    if (end > start && isWhole) yield [start, end];
    start = end + 1;
  }
}

function aboutOf(line: string): JournalLine | undefined {
  const [, message, from, to] = ABOUT.exec(line) ?? [];
  if (message === undefined || !isSeatId(from) || !isSeatId(to)) return undefined;
  const atMs = Date.parse(AT.exec(line)?.[1] ?? '');
  return { message, from, to, atMs: Number.isNaN(atMs) ? undefined : atMs };
}

function overwrite(file: number, { start, length }: { start: number; length: number }): void {
  const blank = Buffer.alloc(length, LINE_BREAK);
  for (let written = 0; written < length; ) {
    written += writeSync(file, blank, written, length - written, start + written);
  }
}

function openForErasing(path: string): number | undefined {
  try {
    return openSync(path, OPEN);
  } catch (error) {
    const code = errnoOf(error);
    if (code === 'ENOENT' || code === 'ELOOP' || code === 'ENXIO') return undefined;
    throw error;
  }
}

function readWhole(file: number, size: number): Buffer {
  const bytes = Buffer.alloc(size);
  let read = 0;
  while (read < size) {
    const count = readSync(file, bytes, read, size - read, read);
    if (count === 0) break;
    read += count;
  }
  return bytes.subarray(0, read);
}
