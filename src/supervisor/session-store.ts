import type { SeatId } from '../protocol/ids.ts';
import type { ManagedSessionRecord, PromptRecord } from '../protocol/managed-session.ts';

/** One line of a session's journal: what happened, and when. */
export interface JournalEntry {
  readonly session: SeatId;
  readonly atMs: number;
  /** The prompt that was worked on, where one was. */
  readonly prompt?: string;
  /** A noun and a verb, as `tool:called`. */
  readonly type: string;
  readonly data: Readonly<Record<string, unknown>>;
}

/**
 * Where a managed session keeps what becomes of it.
 *
 * The promise: once a call has returned, what it was given outlives the process. Each call is one step: it is kept whole
 * or not at all.
 */
export interface SessionWriter {
  /** Keeps the session as it is now, with what is noted about the change. */
  saveSession(session: ManagedSessionRecord, note?: JournalEntry): void;
  /** Keeps the prompt as it is now, with what is noted about the change. */
  savePrompt(prompt: PromptRecord, note?: JournalEntry): void;
  note(entry: JournalEntry): void;
}

/** Where managed sessions are kept and found. */
export interface SessionStore extends SessionWriter {
  session(id: SeatId): ManagedSessionRecord | undefined;
  sessionNamed(name: string): ManagedSessionRecord | undefined;
  /** The sessions, the last changed first; at most `limit`. */
  sessions(options?: { limit?: number }): readonly ManagedSessionRecord[];
  /** The sessions that had a process when they were last kept. */
  liveSessions(): readonly ManagedSessionRecord[];
  prompt(id: string): PromptRecord | undefined;
  /** The prompts that have not come to their end, the oldest first. */
  openPrompts(session: SeatId): readonly PromptRecord[];
  /** Removes a session with everything that is kept of it. */
  remove(session: SeatId): void;
}
