import type { DatabaseSync, SQLOutputValue, StatementSync } from 'node:sqlite';
import type { PromptRecord } from '../../protocol/managed-session.ts';
import type { IndexedText } from './message-texts.ts';

/** A prompt with its number: those that were accepted later have higher ones, unless the highest were removed. */
export interface NumberedPrompt {
  readonly number: number;
  readonly prompt: PromptRecord;
}

/** The prompts of managed sessions and what came of them, in the daemon's database, as the index takes them in. */
export class PromptTexts {
  readonly #after: StatementSync;
  readonly #byId: StatementSync;
  readonly #numberOf: StatementSync;

  constructor(database: DatabaseSync) {
    this.#after = database.prepare(
      'SELECT rowid AS number, record FROM prompts WHERE rowid > ? ORDER BY rowid LIMIT ?',
    );
    this.#byId = database.prepare('SELECT record FROM prompts WHERE id = ?');
    this.#numberOf = database.prepare('SELECT rowid AS number FROM prompts WHERE id = ?');
  }

  after(number: number, limit: number): NumberedPrompt[] {
    return this.#after
      .all(number, limit)
      .map((row) => ({ number: Number(row['number']), prompt: promptOf(row) }));
  }

  get(id: string): PromptRecord | undefined {
    const row = this.#byId.get(id);
    return row && promptOf(row);
  }

  /** The number of a prompt; undefined once it was removed. */
  numberOf(id: string): number | undefined {
    const number = this.#numberOf.get(id)?.['number'];
    return number === undefined ? undefined : Number(number);
  }
}

/** The texts of a prompt: what was asked, and what the session said last in answer to it. */
export function textsOf(prompt: PromptRecord): IndexedText[] {
  const { id, session, from, text, acceptedAtMs, endedAtMs, turn } = prompt;
  const asked: IndexedText = { entry: { id, type: 'prompt', from, to: session, atMs: acceptedAtMs }, text };
  if (turn === undefined || turn.text === '') return [asked];
  const atMs = endedAtMs ?? acceptedAtMs;
  return [asked, { entry: { id, type: 'result', from: session, to: from, atMs }, text: turn.text }];
}

/** The daemon alone writes there, in the shape that it reads. */
function promptOf(row: Readonly<Record<string, SQLOutputValue>>): PromptRecord {
  return JSON.parse(String(row['record'])) as PromptRecord;
}
