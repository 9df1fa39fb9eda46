import type { Clock } from '../lib/clock.ts';
import type { ManagedSessionRecord, PromptRecord, Used } from '../protocol/managed-session.ts';
import { spentTogether, type TurnResult } from '../protocol/turn-result.ts';
import { usedBy } from './limits.ts';
import { stateRefuses } from './session-errors.ts';
import type { SessionEvent } from './session-means.ts';
import { advance, mayStep, type SessionStep } from './session-state.ts';
import type { SessionWriter } from './session-store.ts';

export interface SessionLedgerOptions {
  readonly store: SessionWriter;
  readonly clock: Clock;
  /** A throw is nothing to the session. */
  readonly onEvent: (event: SessionEvent) => void;
  /** The id of the prompt that is worked on now: what is written meanwhile belongs to it. */
  readonly prompt: () => string | undefined;
}

/**
 * The one owner of a session's record: every change of it goes through here, and is kept by the store before anybody is
 * told of it. What cannot be kept throws, and has not happened.
 */
export class SessionLedger {
  readonly #options: SessionLedgerOptions;
  #record: ManagedSessionRecord;

  constructor(record: ManagedSessionRecord, options: SessionLedgerOptions) {
    this.#record = record;
    this.#options = options;
  }

  get record(): ManagedSessionRecord {
    return this.#record;
  }

  may(step: SessionStep['step']): boolean {
    return mayStep(this.#record.state, step);
  }

  /** Takes a step of the session's state. Throws `session-state` where its state does not allow it. */
  step(step: SessionStep): void {
    const { state } = this.#record;
    if (!this.may(step.step)) throw stateRefuses(this.#record, step.step);
    const next = advance(state, step);
    this.save({ ...this.#record, state: next }, 'state:changed', { from: state.state, ...next });
  }

  /** Keeps the record as it is to be from now on, with a line of the journal that says what has changed. */
  save(record: ManagedSessionRecord, type: string, data: Readonly<Record<string, unknown>>): void {
    const { store, clock } = this.#options;
    const session = { ...record, changedAtMs: clock.now() };
    store.saveSession(session, this.#line(type, data, session.changedAtMs));
    this.#record = session;
    this.tell({ type: 'session:changed', session });
  }

  /** The process that is started from now on begins in the conversation of the record. */
  beginProcess(): void {
    const { startedIn: _, ...record } = this.#record;
    this.#record = record;
  }

  savePrompt(prompt: PromptRecord): void {
    this.#options.store.savePrompt(prompt);
    this.tell({ type: 'prompt:changed', prompt });
  }

  /** Adds to what the session has used. */
  account(turn: TurnResult, durationMs: number): void {
    const { spent, turns, activeMs } = this.#record;
    const used = {
      spent: spentTogether(spent, turn.spent),
      turns: turns + turn.steps,
      activeMs: activeMs + durationMs,
    };
    this.save({ ...this.#record, ...used }, 'turn:ended', { ...turn });
  }

  /** What the session has used in all turns that have ended. */
  get used(): Used {
    const { spent, turns, activeMs } = this.#record;
    return usedBy(spent, { turns, minutes: activeMs / 60_000 });
  }

  /** Puts a line into the session's journal. */
  note(type: string, data: Readonly<Record<string, unknown>>): void {
    this.#options.store.note(this.#line(type, data, this.#options.clock.now()));
  }

  tell(event: SessionEvent): void {
    try {
      this.#options.onEvent(event);
    } catch {
      // A watcher's fault is not the session's.
    }
  }

  #line(
    type: string,
    data: Readonly<Record<string, unknown>>,
    atMs: number,
  ): Parameters<SessionWriter['note']>[0] {
    const prompt = this.#options.prompt();
    return { session: this.#record.id, atMs, type, data, ...(prompt !== undefined && { prompt }) };
  }
}
