import type { DatabaseSync, SQLOutputValue } from 'node:sqlite';
import type { SeatId } from '../../protocol/ids.ts';
import type { ManagedSessionRecord, PromptRecord } from '../../protocol/managed-session.ts';
import type { JournalEntry, SessionStore } from '../../supervisor/session-store.ts';

/** A line of the journal with its number, by which a reader goes on. */
export interface NumberedEntry extends JournalEntry {
  readonly number: number;
}

/** The managed sessions of the daemon, in its database. */
export class SqliteSessionStore implements SessionStore {
  readonly #database: DatabaseSync;
  readonly #statements: ReturnType<typeof prepare>;

  constructor(database: DatabaseSync) {
    this.#database = database;
    this.#statements = prepare(database);
  }

  saveSession(session: ManagedSessionRecord, note?: JournalEntry): void {
    const { id, name, state, changedAtMs } = session;
    this.#together(() => {
      this.#statements.saveSession.run(id, name, state.state, changedAtMs, JSON.stringify(session));
      if (note !== undefined) this.note(note);
    });
  }

  savePrompt(prompt: PromptRecord, note?: JournalEntry): void {
    const { id, session, acceptedAtMs, ended } = prompt;
    this.#together(() => {
      const isOpen = ended === undefined ? 1 : 0;
      this.#statements.savePrompt.run(id, session, acceptedAtMs, isOpen, JSON.stringify(prompt));
      if (note !== undefined) this.note(note);
    });
  }

  note({ session, atMs, prompt, type, data }: JournalEntry): void {
    this.#statements.note.run(session, atMs, prompt ?? null, type, JSON.stringify(data));
  }

  session(id: SeatId): ManagedSessionRecord | undefined {
    const row = this.#statements.session.get(id);
    return row && sessionOf(row);
  }

  sessionNamed(name: string): ManagedSessionRecord | undefined {
    const row = this.#statements.sessionNamed.get(name);
    return row && sessionOf(row);
  }

  /** The sessions, the last changed first; at most `limit`. */
  sessions({ limit = 1_000 }: { limit?: number } = {}): ManagedSessionRecord[] {
    return this.#statements.sessions.all(limit).map(sessionOf);
  }

  /** The same as JSON text. With many sessions most of the time would go into reading and writing it. */
  sessionsText({ limit = 1_000 }: { limit?: number } = {}): string {
    const rows = this.#statements.sessions.all(limit);
    return `[${rows.map((row) => String(row['record'])).join(',')}]`;
  }

  liveSessions(): ManagedSessionRecord[] {
    return this.#statements.live.all().map(sessionOf);
  }

  prompt(id: string): PromptRecord | undefined {
    const row = this.#statements.prompt.get(id);
    return row && promptOf(row);
  }

  /** The last prompts of a session, the oldest of them first. */
  prompts(session: SeatId, { limit = 100 }: { limit?: number } = {}): PromptRecord[] {
    const rows = this.#statements.prompts.all(session, limit);
    return rows.map(promptOf).toReversed();
  }

  /** The prompts that have not come to their end, the oldest first. */
  openPrompts(session: SeatId): PromptRecord[] {
    return this.#statements.openPrompts.all(session).map(promptOf);
  }

  /** The journal of a session from after a number on, the oldest first. */
  journal(
    session: SeatId,
    { after = 0, limit = 1_000 }: { after?: number; limit?: number } = {},
  ): NumberedEntry[] {
    return this.#statements.journal.all(session, after, limit).map(entryOf);
  }

  /** Removes a session with everything that is kept of it. */
  remove(session: SeatId): void {
    this.#statements.remove.run(session);
  }

  #together(work: () => void): void {
    if (this.#database.isTransaction) return work();
    this.#database.exec('BEGIN IMMEDIATE');
    try {
      work();
      this.#database.exec('COMMIT');
    } catch (error) {
      this.#database.exec('ROLLBACK');
      throw error;
    }
  }
}

function prepare(database: DatabaseSync) {
  return {
    saveSession: database.prepare(
      `INSERT INTO sessions (id, name, state, changed, record) VALUES (?, ?, ?, ?, ?)
       ON CONFLICT (id) DO UPDATE SET name = excluded.name, state = excluded.state, changed = excluded.changed,
         record = excluded.record`,
    ),
    savePrompt: database.prepare(
      `INSERT INTO prompts (id, session, accepted, is_open, record) VALUES (?, ?, ?, ?, ?)
       ON CONFLICT (id) DO UPDATE SET is_open = excluded.is_open, record = excluded.record`,
    ),
    note: database.prepare('INSERT INTO journal (session, at, prompt, type, data) VALUES (?, ?, ?, ?, ?)'),
    session: database.prepare('SELECT record FROM sessions WHERE id = ?'),
    sessionNamed: database.prepare('SELECT record FROM sessions WHERE name = ?'),
    sessions: database.prepare('SELECT record FROM sessions ORDER BY changed DESC LIMIT ?'),
    live: database.prepare(
      "SELECT record FROM sessions WHERE state NOT IN ('stopped', 'failed', 'interrupted') ORDER BY changed",
    ),
    prompt: database.prepare('SELECT record FROM prompts WHERE id = ?'),
    prompts: database.prepare(
      'SELECT record FROM prompts WHERE session = ? ORDER BY accepted DESC, rowid DESC LIMIT ?',
    ),
    openPrompts: database.prepare(
      'SELECT record FROM prompts WHERE session = ? AND is_open = 1 ORDER BY accepted, rowid',
    ),
    journal: database.prepare('SELECT * FROM journal WHERE session = ? AND id > ? ORDER BY id LIMIT ?'),
    remove: database.prepare('DELETE FROM sessions WHERE id = ?'),
  };
}

type Row = Readonly<Record<string, SQLOutputValue>>;

/** This program alone writes there, in the shape that it reads. */
function sessionOf(row: Row): ManagedSessionRecord {
  return JSON.parse(String(row['record'])) as ManagedSessionRecord;
}

function promptOf(row: Row): PromptRecord {
  return JSON.parse(String(row['record'])) as PromptRecord;
}

function entryOf(row: Row): NumberedEntry {
  return {
    number: Number(row['id']),
    session: String(row['session']) as SeatId,
    atMs: Number(row['at']),
    type: String(row['type']),
    data: JSON.parse(String(row['data'])) as Record<string, unknown>,
    ...(row['prompt'] !== null && { prompt: String(row['prompt']) }),
  };
}
