import { randomUUID } from 'node:crypto';
import type { Clock } from '../lib/clock.ts';
import { type Deferred, deferred } from '../lib/deferred.ts';
import type { NewPrompt, PromptOutcome, PromptRecord } from '../protocol/managed-session.ts';
import { queueFull } from './session-errors.ts';
import type { SessionLedger } from './session-ledger.ts';
import type { AcceptedPrompt } from './session-means.ts';

export interface PromptQueueOptions {
  readonly ledger: SessionLedger;
  readonly clock: Clock;
  /** How many prompts may wait beside the one that is worked on. */
  readonly length: number;
}

/**
 * The prompts of one session: those that wait, the next one first, and for each that is open the promise of its end. A
 * prompt that was accepted comes to exactly one end.
 */
export class PromptQueue {
  readonly #options: PromptQueueOptions;
  readonly #waiting: PromptRecord[] = [];
  readonly #open = new Map<string, Deferred<PromptRecord>>();

  constructor(options: PromptQueueOptions) {
    this.#options = options;
  }

  get waiting(): readonly PromptRecord[] {
    return this.#waiting;
  }

  /** Accepts a prompt: once this returns it is kept, and waits after those before it. Throws `queue-full`. */
  accept({ text, from, command, messages }: NewPrompt): AcceptedPrompt {
    const { ledger, clock, length } = this.#options;
    if (this.#waiting.length >= length) throw queueFull(ledger.record, this.#waiting.length);
    const prompt: PromptRecord = {
      id: randomUUID(),
      session: ledger.record.id,
      from,
      text,
      ...(command === true && { command }),
      ...(messages !== undefined && { messages }),
      acceptedAtMs: clock.now(),
    };
    ledger.savePrompt(prompt);
    const open = deferred<PromptRecord>();
    this.#open.set(prompt.id, open);
    this.#waiting.push(prompt);
    return { prompt, settled: open.promise };
  }

  /** Takes the next prompt out; it stays open. */
  next(): PromptRecord | undefined {
    return this.#waiting.shift();
  }

  /** Puts one that was taken out before all that wait. */
  putBack(prompt: PromptRecord): void {
    this.#options.ledger.savePrompt(prompt);
    this.#waiting.unshift(prompt);
  }

  isOpen(prompt: string): boolean {
    return this.#open.has(prompt);
  }

  /** The end of a prompt that is open; undefined of one that is not. */
  settled(prompt: string): Promise<PromptRecord> | undefined {
    return this.#open.get(prompt)?.promise;
  }

  /** Ends a prompt. */
  settle(prompt: PromptRecord, ended: PromptOutcome): void {
    const settled = { ...prompt, ended, endedAtMs: this.#options.clock.now() };
    try {
      this.#options.ledger.savePrompt(settled);
    } finally {
      // Who waits for it is not to wait for ever because it cannot be kept.
      this.#open.get(prompt.id)?.resolve(settled);
      this.#open.delete(prompt.id);
    }
  }

  /** Ends all that wait, unworked. */
  dropAll(reason: string): void {
    const prompt = this.#waiting.shift();
    if (prompt === undefined) return;
    try {
      this.settle(prompt, { outcome: 'dropped', reason });
    } finally {
      this.dropAll(reason);
    }
  }
}
