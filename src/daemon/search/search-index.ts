import { open } from 'node:fs/promises';
import type { DatabaseSync, SQLOutputValue, StatementSync } from 'node:sqlite';
import { isSeatId } from '../../protocol/ids.ts';
import type { FoundType } from '../../protocol/search.ts';
import { openSearchDatabase } from './search-database.ts';
import {
  type EntryFilter,
  entryMatch,
  peerMark,
  type SearchTerm,
  textMatch,
  typeMark,
} from './search-words.ts';

/** What the index knows of a text; the text itself stays where it is. */
export interface IndexEntry {
  readonly id: string;
  readonly type: FoundType;
  readonly from: string;
  readonly to: string;
  readonly atMs: number;
}

/** An entry with its place in the order of time. */
export interface NumberedIndexEntry extends IndexEntry {
  readonly number: number;
}

/** What is searched for. */
export interface IndexQuery extends EntryFilter {
  readonly terms: readonly SearchTerm[];
  readonly sinceMs?: number;
  readonly untilMs?: number;
}

/** A part of a text with the places in it that match. */
export interface Snippet {
  readonly snippet: string;
  readonly matches: readonly (readonly [from: number, to: number])[];
}

/** An entry's number is its time and a count within the millisecond, so that the order of numbers is that of time. */
const PER_MS = 1_024;
const LATEST_MS = Math.floor(Number.MAX_SAFE_INTEGER / PER_MS) - PER_MS;
const SNIPPET_WORDS = 24;
const [BEGIN, END] = ['\u0002', '\u0003'];

/** The words of all texts, in a file of its own. The texts are not in it. */
export class SearchIndex {
  readonly #path: string;
  readonly #database: DatabaseSync;
  readonly #statements: ReturnType<typeof prepare>;

  /** Opens the file, which is made where it is missing or of no use. Throws `node-too-old` without full-text search. */
  constructor(path: string) {
    this.#path = path;
    this.#database = openSearchDatabase(path);
    try {
      this.#statements = prepare(this.#database);
    } catch (error) {
      this.#database.close();
      throw error;
    }
  }

  /** How many entries there are. */
  get size(): number {
    return Number(this.#statements.size.get()?.['count'] ?? 0);
  }

  /** Whether it was once filled to the end. */
  get isFinished(): boolean {
    return this.fact('finished') !== undefined;
  }

  has(id: string): boolean {
    return this.#statements.has.get(id) !== undefined;
  }

  /** Takes a text in, unless there is one of that id and type. */
  add(entry: IndexEntry, text: string): void {
    const { id, type, from, to, atMs } = entry;
    const number = this.#freeNumber(atMs);
    const { changes } = this.#statements.addEntry.run(number, id, type, from, to, atMs);
    if (changes === 0) return;
    const marks = [typeMark(type), ...[from, to].filter(isSeatId).map(peerMark)];
    this.#statements.addWords.run(number, text, marks.join(' '));
  }

  remove(number: number): void {
    this.#statements.removeEntry.run(number);
    this.#statements.removeWords.run(number);
  }

  /** The entries that match, the newest first, below a number; at most `limit`. */
  find(
    query: IndexQuery,
    { below = Number.MAX_SAFE_INTEGER, limit }: { below?: number; limit: number },
  ): NumberedIndexEntry[] {
    const { terms, sinceMs, untilMs } = query;
    const from = sinceMs === undefined ? 0 : Math.max(0, Math.ceil(sinceMs)) * PER_MS;
    const until = untilMs === undefined ? below : Math.min(below, (Math.floor(untilMs) + 1) * PER_MS);
    return this.#statements.find.all(entryMatch(terms, query), from, until, limit).map(entryOf);
  }

  /** The entries of a time before `beforeMs` after a number, the oldest first; at most `limit`. */
  oldest(beforeMs: number, { after, limit }: { after: number; limit: number }): NumberedIndexEntry[] {
    return this.#statements.oldest.all(after, Math.max(0, Math.floor(beforeMs)) * PER_MS, limit).map(entryOf);
  }

  /** The part of each text around the first places that match; undefined for one in which nothing does. */
  snippets(texts: readonly string[], terms: readonly SearchTerm[]): (Snippet | undefined)[] {
    for (const [index, text] of texts.entries())
      this.#statements.show.run(index, [BEGIN, END, '\0'].reduce(withoutMark, text));
    try {
      const rows = this.#statements.shown.all(SNIPPET_WORDS, textMatch(terms));
      const found = new Map(rows.map((row) => [Number(row['number']), snippetOf(String(row['snippet']))]));
      return texts.map((_, index) => found.get(index));
    } finally {
      this.#statements.unshow.run();
    }
  }

  /** Something that is remembered beside the entries. */
  fact(name: string): string | undefined {
    const value = this.#statements.fact.get(name)?.['value'];
    return value === undefined ? undefined : String(value);
  }

  setFact(name: string, value: string): void {
    this.#statements.setFact.run(name, value);
  }

  /** The prompts that had not come to their end when they were last looked at. */
  unfinished(): string[] {
    return this.#statements.unfinished.all().map((row) => String(row['prompt']));
  }

  setUnfinished(prompt: string, isUnfinished: boolean): void {
    this.#statements[isUnfinished ? 'addUnfinished' : 'removeUnfinished'].run(prompt);
  }

  /** Begins a step that is kept whole with `commit`, or not at all. */
  begin(): void {
    if (!this.#database.isTransaction) this.#database.exec('BEGIN');
  }

  commit(): void {
    if (this.#database.isTransaction) this.#database.exec('COMMIT');
  }

  /** Says that it holds all there was. Resolves once that outlives a power cut. */
  async finish(): Promise<void> {
    this.commit();
    // Flushed by another thread first: the checkpoint then has nothing to wait for.
    const file = await open(this.#path, 'r+');
    try {
      await file.sync();
    } finally {
      await file.close();
    }
    this.#database.exec('PRAGMA synchronous = NORMAL; PRAGMA wal_checkpoint(TRUNCATE);');
    this.setFact('finished', 'yes');
  }

  /** Idempotent. A step that was begun is undone. */
  close(): void {
    if (this.#database.isOpen) this.#database.close();
  }

  #freeNumber(atMs: number): number {
    let base = Math.max(0, Math.min(LATEST_MS, Math.floor(atMs))) * PER_MS;
    for (;;) {
      const { last } = this.#statements.lastNumber.get(base, base + PER_MS) ?? {};
      if (typeof last !== 'number') return base;
      if (last + 1 < base + PER_MS) return last + 1;
      base += PER_MS;
    }
  }
}

function prepare(database: DatabaseSync): Record<StatementName, StatementSync> {
  database.exec(
    "CREATE VIRTUAL TABLE temp.shown USING fts5(text, tokenize = 'unicode61 remove_diacritics 2')",
  );
  return {
    size: database.prepare('SELECT count(*) AS count FROM entries'),
    has: database.prepare('SELECT 1 FROM entries WHERE id = ?'),
    addEntry: database.prepare('INSERT OR IGNORE INTO entries VALUES (?, ?, ?, ?, ?, ?)'),
    addWords: database.prepare('INSERT INTO words (rowid, text, marks) VALUES (?, ?, ?)'),
    removeEntry: database.prepare('DELETE FROM entries WHERE number = ?'),
    removeWords: database.prepare('DELETE FROM words WHERE rowid = ?'),
    lastNumber: database.prepare('SELECT max(number) AS last FROM entries WHERE number >= ? AND number < ?'),
    find: database.prepare(
      `SELECT entries.* FROM words JOIN entries ON entries.number = words.rowid
       WHERE words MATCH ? AND words.rowid >= ? AND words.rowid < ? ORDER BY words.rowid DESC LIMIT ?`,
    ),
    oldest: database.prepare('SELECT * FROM entries WHERE number > ? AND number < ? ORDER BY number LIMIT ?'),
    show: database.prepare('INSERT INTO temp.shown (rowid, text) VALUES (?, ?)'),
    shown: database.prepare(
      `SELECT rowid AS number, snippet(shown, 0, char(2), char(3), '…', ?) AS snippet
       FROM temp.shown WHERE shown MATCH ?`,
    ),
    unshow: database.prepare('DELETE FROM temp.shown'),
    fact: database.prepare('SELECT value FROM facts WHERE name = ?'),
    setFact: database.prepare('INSERT OR REPLACE INTO facts VALUES (?, ?)'),
    unfinished: database.prepare('SELECT prompt FROM unfinished'),
    addUnfinished: database.prepare('INSERT OR IGNORE INTO unfinished VALUES (?)'),
    removeUnfinished: database.prepare('DELETE FROM unfinished WHERE prompt = ?'),
  };
}

type StatementName =
  | 'size'
  | 'has'
  | 'addEntry'
  | 'addWords'
  | 'removeEntry'
  | 'removeWords'
  | 'lastNumber'
  | 'find'
  | 'oldest'
  | 'show'
  | 'shown'
  | 'unshow'
  | 'fact'
  | 'setFact'
  | 'unfinished'
  | 'addUnfinished'
  | 'removeUnfinished';

/** This program alone writes there. */
function entryOf(row: Readonly<Record<string, SQLOutputValue>>): NumberedIndexEntry {
  return {
    number: Number(row['number']),
    id: String(row['id']),
    type: String(row['type']) as FoundType,
    from: String(row['sender']),
    to: String(row['receiver']),
    atMs: Number(row['at']),
  };
}

/** A text may have in it what marks a match. */
function withoutMark(text: string, mark: string): string {
  return text.replaceAll(mark, ' ');
}

function snippetOf(marked: string): Snippet {
  let snippet = '';
  const matches: [number, number][] = [];
  for (const [index, part] of marked.split(BEGIN).entries()) {
    const [match = '', ...rest] = index === 0 ? ['', part] : part.split(END);
    if (match !== '') matches.push([snippet.length, snippet.length + match.length]);
    snippet += match + rest.join('');
  }
  return { snippet, matches };
}
