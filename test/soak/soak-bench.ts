import { setTimeout } from 'node:timers/promises';
import { CahootsError } from '../../src/protocol/errors.ts';
import type { ManagedSessionRecord, PromptRecord } from '../../src/protocol/managed-session.ts';
import type { ManagedBench } from '../fixtures/managed-bench.ts';

/** What was done to the sessions and their daemon. */
export interface Deeds {
  prompts: number;
  interrupts: number;
  pauses: number;
  childKills: number;
  daemonKills: number;
  resumes: number;
}

/** A daemon that is killed and started again while others work with it. */
export class SoakBench {
  readonly bench: ManagedBench;
  readonly deeds: Deeds = {
    prompts: 0,
    interrupts: 0,
    pauses: 0,
    childKills: 0,
    daemonKills: 0,
    resumes: 0,
  };
  /** Counts the daemons: what spans two of them may have been lost. */
  epoch = 0;
  readonly #kills = new Map<string, number>();
  #starting: Promise<number> | undefined;

  constructor(bench: ManagedBench) {
    this.bench = bench;
  }

  /** As with kill -9; nothing where none runs at the moment. */
  async killDaemon(): Promise<void> {
    const pid = await this.#daemon();
    this.epoch += 1;
    this.deeds.daemonKills += 1;
    try {
      process.kill(pid, 'SIGKILL');
    } catch {
      // It has ended by itself, which the audit would tell.
    }
  }

  /** Does that until a daemon has answered it; what may be done twice only. */
  async surely<T>(call: () => Promise<T>): Promise<T> {
    for (;;) {
      try {
        return await call();
      } catch (error) {
        if (!isGone(error)) throw error;
        await this.#daemon();
        await setTimeout(20);
      }
    }
  }

  /** Gives a prompt; undefined where nobody knows whether it was accepted. Resumes a session that is over. */
  async give(name: string, text: string): Promise<PromptRecord | undefined> {
    for (;;) {
      try {
        const prompt = await this.bench.give(name, text);
        this.deeds.prompts += 1;
        return prompt;
      } catch (error) {
        if (codeOf(error) === 'session-over') await this.resume(name);
        else if (isGone(error)) {
          await this.#daemon();
          return undefined;
        } else throw error;
      }
    }
  }

  /** Lets a session go on that is over or paused. */
  async resume(name: string): Promise<void> {
    const { state } = (await this.surely(() => this.bench.session(name))).state;
    if (state === 'stopping' || state === 'starting') {
      await setTimeout(20);
      return;
    }
    try {
      await this.surely(() => this.bench.steer(name, 'resume'));
      this.deeds.resumes += 1;
    } catch (error) {
      // It came to its end or began anew in between.
      if (codeOf(error) !== 'session-state') throw error;
    }
  }

  /** One of the verbs that steer; nothing where the session or the daemon is not there for it. */
  async steer(name: string, verb: string): Promise<boolean> {
    try {
      await this.bench.steer(name, verb);
      return true;
    } catch (error) {
      if (isGone(error) || ['session-over', 'session-state'].includes(codeOf(error) ?? '')) return false;
      throw error;
    }
  }

  /** As with kill -9; nothing where it has no process now. */
  async killChild(session: ManagedSessionRecord): Promise<boolean> {
    try {
      process.kill(await this.bench.processOf(session), 'SIGKILL');
      this.deeds.childKills += 1;
      this.#kills.set(session.id, this.killsOf(session) + 1);
      return true;
    } catch {
      return false;
    }
  }

  /** How often the process of a session was killed. */
  killsOf({ id }: ManagedSessionRecord): number {
    return this.#kills.get(id) ?? 0;
  }

  #daemon(): Promise<number> {
    this.#starting ??= this.bench.startDaemon().finally(() => (this.#starting = undefined));
    return this.#starting;
  }
}

function codeOf(error: unknown): string | undefined {
  return error instanceof CahootsError ? error.code : undefined;
}

function isGone(error: unknown): boolean {
  return codeOf(error) === 'daemon-unreachable';
}
