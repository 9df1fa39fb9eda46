import { closeSync, openSync, rmSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import { CahootsError } from '../../protocol/errors.ts';

/** A file of any other shape, older or newer, is thrown away: what is in it can be made again. */
const SHAPE = 1;

const TABLES = `
  CREATE TABLE facts (
    name  TEXT PRIMARY KEY,
    value TEXT NOT NULL
  ) STRICT;

  CREATE TABLE entries (
    number   INTEGER PRIMARY KEY,
    id       TEXT NOT NULL,
    type     TEXT NOT NULL,
    sender   TEXT NOT NULL,
    receiver TEXT NOT NULL,
    at       INTEGER NOT NULL,
    UNIQUE (id, type)
  ) STRICT;

  CREATE TABLE unfinished (prompt TEXT PRIMARY KEY) STRICT;

  -- Without the beginnings of three characters "pro" would be looked up in every word that begins so.
  CREATE VIRTUAL TABLE words USING fts5(
    text, marks, content = '', contentless_delete = 1, prefix = '3', tokenize = 'unicode61 remove_diacritics 2'
  );

  -- Fewer and larger pieces while it is filled: a third less time.
  INSERT INTO words (words, rank) VALUES ('hashsize', 2097152), ('automerge', 16);

  PRAGMA user_version = ${SHAPE};
`;

/** SQLite's own numbers: damaged, no database, an input or output fault, a file that cannot be opened. */
const USELESS: ReadonlySet<number> = new Set([11, 26, 10, 14]);
const NO_SUCH_MODULE = /no such module: fts5/;

/** Opens the index's file as it was left, or a new empty one where it is missing, damaged, unfinished or of another shape. */
export function openSearchDatabase(path: string): DatabaseSync {
  try {
    const database = openAt(path);
    if (isFinished(database)) return database;
    database.close();
  } catch (error) {
    if (!isUseless(error)) throw error;
  }
  removeSearchDatabase(path);
  const database = openAt(path);
  try {
    // Until it is filled to the end a power cut may have the file: it is made anew then.
    database.exec(`PRAGMA synchronous = OFF; BEGIN; ${TABLES} COMMIT;`);
  } catch (error) {
    database.close();
    removeSearchDatabase(path);
    throw error instanceof Error && NO_SUCH_MODULE.test(error.message) ? noFullText(error) : error;
  }
  return database;
}

/** Removes the index's file and those that SQLite keeps beside it. */
export function removeSearchDatabase(path: string): void {
  for (const suffix of ['-wal', '-shm', '-journal', ''])
    rmSync(path + suffix, { recursive: true, force: true });
}

/** Whether an error says that the index's file is of no use any more. */
export function isUseless(error: unknown): boolean {
  return error instanceof Error && 'errcode' in error && USELESS.has(Number(error.errcode) & 0xff);
}

function openAt(path: string): DatabaseSync {
  // SQLite would make it readable for others; what it keeps beside it gets the same mode.
  closeSync(openSync(path, 'a', 0o600));
  const database = new DatabaseSync(path, { timeout: 1_000 });
  try {
    database.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; PRAGMA temp_store = MEMORY;');
    return database;
  } catch (error) {
    database.close();
    throw error;
  }
}

/** Of the present shape, and once filled to the end. */
function isFinished(database: DatabaseSync): boolean {
  const { user_version: shape } = database.prepare('PRAGMA user_version').get() ?? {};
  if (shape !== SHAPE) return false;
  return database.prepare("SELECT 1 FROM facts WHERE name = 'finished'").get() !== undefined;
}

function noFullText(cause: Error): CahootsError {
  return new CahootsError(
    'node-too-old',
    `The SQLite of Node ${process.versions.node}, which the daemon runs on, has no full-text search.`,
    {
      remedy: 'Install Node 24, and end this daemon: cahoots daemon stop',
      facts: { node: process.versions.node },
      cause,
    },
  );
}
