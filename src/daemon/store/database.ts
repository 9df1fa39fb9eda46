import { closeSync, existsSync, openSync, renameSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import { CahootsError } from '../../protocol/errors.ts';
import { MIGRATIONS } from './migrations.ts';

/** SQLite's own numbers for a file that is no database, and for one that is damaged. */
const NOT_A_DATABASE = 26;
const DAMAGED = 11;

/** Between the name of a damaged file that was put aside and the time at which it was. */
export const SET_ASIDE = '.damaged-';

/** What is noted in the file when it is closed in order; anything else and it is looked through at the next opening. */
const IN_ORDER = 'in order';

/** The daemon's database while it is open. */
export interface OpenDatabase {
  readonly database: DatabaseSync;
  /** Where a damaged file was put that stood in its place. */
  readonly setAside?: string;
  /** Idempotent. */
  readonly close: () => void;
}

/**
 * Opens the daemon's database, in its present shape; one process at a time does. A write that has returned outlives the
 * process, killed or not; after a power cut the last ones may be missing, none of them torn.
 *
 * A damaged file is renamed, never overwritten, and a new one begun. Throws `database-newer` for a file that a newer
 * version has been at, which is left as it is.
 */
export function openDatabase(path: string, { nowMs }: { nowMs: number }): OpenDatabase {
  try {
    return opened(openAt(path));
  } catch (error) {
    if (!isDamage(error)) throw error;
    const setAside = `${path}${SET_ASIDE}${new Date(nowMs).toISOString().replaceAll(/[:.]/g, '-')}`;
    for (const suffix of ['-wal', '-shm', '']) {
      if (existsSync(path + suffix)) renameSync(path + suffix, setAside + suffix);
    }
    return { ...opened(openAt(path)), setAside };
  }
}

function opened(database: DatabaseSync): OpenDatabase {
  return {
    database,
    close: () => {
      if (!database.isOpen) return;
      noteHowClosed(database, IN_ORDER);
      database.close();
    },
  };
}

function openAt(path: string): DatabaseSync {
  // SQLite makes files that others may read, and those beside it with the same mode.
  closeSync(openSync(path, 'a', 0o600));
  const database = new DatabaseSync(path, { timeout: 5_000 });
  try {
    database.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; PRAGMA foreign_keys = ON;');
    const done = migrate(database, path);
    if (done > 0 && !wasClosedInOrder(database)) lookThrough(database);
    noteHowClosed(database, 'not yet');
    return database;
  } catch (error) {
    database.close();
    throw error;
  }
}

/** Applies the steps that the file has not had; how many it had had. */
function migrate(database: DatabaseSync, path: string): number {
  const { user_version: version } = database.prepare('PRAGMA user_version').get() ?? {};
  const done = Number(version);
  if (done > MIGRATIONS.length) {
    throw new CahootsError('database-newer', `${path} was written by a newer version of cahoots.`, {
      remedy: 'Update cahoots, or name another mailbox root.',
      facts: { path, version: done, known: MIGRATIONS.length },
    });
  }
  for (const [index, step] of MIGRATIONS.entries()) {
    if (index < done) continue;
    // In one transaction: a process that is killed half-way has done the whole of it or nothing.
    database.exec(`BEGIN IMMEDIATE; ${step}; PRAGMA user_version = ${index + 1}; COMMIT;`);
  }
  return done;
}

function wasClosedInOrder(database: DatabaseSync): boolean {
  const row = database.prepare("SELECT value FROM facts WHERE name = 'closed'").get();
  return row?.['value'] === IN_ORDER;
}

function noteHowClosed(database: DatabaseSync, how: string): void {
  database
    .prepare("INSERT INTO facts VALUES ('closed', ?) ON CONFLICT (name) DO UPDATE SET value = excluded.value")
    .run(how);
}

/** Takes time with the size of the file. Throws where it is damaged. */
function lookThrough(database: DatabaseSync): void {
  const { quick_check: verdict } = database.prepare('PRAGMA quick_check(1)').get() ?? {};
  if (verdict !== 'ok') throw new DamagedError(String(verdict));
}

class DamagedError extends Error {}

function isDamage(error: unknown): boolean {
  if (error instanceof DamagedError) return true;
  if (!(error instanceof Error) || !('errcode' in error)) return false;
  // The low byte is the kind; the rest says more of it.
  const kind = Number(error.errcode) & 0xff;
  return kind === NOT_A_DATABASE || kind === DAMAGED;
}
