import { randomUUID } from 'node:crypto';
import type { Agent, PastConversation, ResumedConversation, ToolServer } from '../agents/agent.ts';
import type { Clock } from '../lib/clock.ts';
import type { Judge } from '../permissions/preset-judge.ts';
import { CahootsError } from '../protocol/errors.ts';
import { isSeatId, type SeatId } from '../protocol/ids.ts';
import type { ManagedSessionRecord, PromptRecord, WorkLimits } from '../protocol/managed-session.ts';
import { NOTHING_SPENT } from '../protocol/turn-result.ts';
import { ManagedSession } from './managed-session.ts';
import { type Recovered, recover } from './recover.ts';
import type { SessionEvent } from './session-means.ts';
import { isLive, isPaused } from './session-state.ts';
import type { SessionStore } from './session-store.ts';

/** Where managed sessions get the seats that they sit on. */
export interface SeatRegistry {
  /** Makes a seat under that name. Throws `name-invalid`, or `name-taken` when a peer has it. */
  open(seat: { name: string; cwd: string }): SeatId;
  /** The seat is not used any more: mail that waits there stays. */
  close(seat: SeatId): void;
  /** The name of the live session that shows that conversation now; undefined when none does. */
  sitterOf(conversation: string): string | undefined;
}

export interface SupervisorOptions {
  /** By their kinds. */
  readonly agents: Readonly<Record<string, Agent>>;
  readonly store: SessionStore;
  readonly seats: SeatRegistry;
  readonly clock: Clock;
  readonly judge: Judge;
  /** Throws `preset-not-allowed` for a preset that the person has not permitted. */
  readonly requirePermitted: (preset: string) => void;
  /** All variables of a session's process. */
  readonly env: Readonly<Record<string, string>>;
  /** Makes the tools of ours that a process of a session gets. */
  readonly tools?: (session: ManagedSessionRecord) => ToolServer;
  readonly queueLength: number;
  /** Told of what failed that no caller waits for. */
  readonly onFault?: (error: unknown) => void;
  readonly onEvent: (event: SessionEvent) => void;
}

/** A session to be started. */
export interface SpawnRequest {
  readonly name: string;
  readonly agent: string;
  /** The folder to work in; may be left out with `resume`: the one that the conversation was held in. */
  readonly cwd?: string;
  readonly preset: string;
  readonly limits: WorkLimits;
  readonly model?: string;
  readonly system?: string;
  readonly resume?: ResumedConversation;
  /** The seat whose conversation it begins as a copy of. */
  readonly forkOf?: SeatId;
}

/**
 * All managed sessions of one store: the one place where they are started, found and ended.
 *
 * One supervisor owns a store at a time, and calls `recover` before anything else.
 */
export class Supervisor {
  readonly #options: SupervisorOptions;
  readonly #sessions = new Map<SeatId, ManagedSession>();
  #isClosed = false;

  constructor(options: SupervisorOptions) {
    this.#options = options;
  }

  /**
   * Accounts for what an earlier supervisor left without ending it: each session that had a process is `interrupted`, its
   * open prompts are dropped with that reason, and what still runs of it is ended. Returns those sessions and prompts.
   */
  async recover(): Promise<Recovered> {
    return await recover(this.#options);
  }

  /** Starts a session on a seat of its own; resolves once it takes prompts. Rejects as the agent does, with nothing left. */
  async spawn({ name, agent, resume, cwd: wanted, ...rest }: SpawnRequest): Promise<ManagedSession> {
    const { store, seats, clock, requirePermitted } = this.#options;
    requirePermitted(rest.preset);
    if (resume !== undefined && !resume.fork) this.#requireNotLive(resume.from);
    const cwd = wanted ?? (await this.#folderOf(agent, resume?.from));
    this.#agent(agent);
    this.#requireOpen();
    const taken = store.sessionNamed(name);
    if (taken !== undefined) {
      throw new CahootsError(
        'name-taken',
        `There is a session ${name} already; it is ${taken.state.state}.`,
        {
          remedy: `Choose another name, resume it (cahoots resume ${name}), or delete it (cahoots delete ${name}).`,
          facts: { name, session: taken.id, state: taken.state.state },
        },
      );
    }
    const id = seats.open({ name, cwd });
    const now = clock.now();
    const record: ManagedSessionRecord = {
      ...rest,
      id,
      name,
      agent,
      cwd,
      conversation: resume === undefined || resume.fork ? randomUUID() : resume.from,
      state: { state: 'starting' },
      spent: NOTHING_SPENT,
      turns: 0,
      activeMs: 0,
      createdAtMs: now,
      changedAtMs: now,
    };
    store.saveSession(record, {
      session: id,
      atMs: now,
      type: 'session:spawned',
      data: { name, cwd, resume },
    });
    const session = this.#adopt(record);
    try {
      await session.start(resume);
    } catch (error) {
      // It never was: a second try under the same name is not to find it in the way.
      this.#forget(id);
      throw error;
    }
    return session;
  }

  /** A copy of a session's conversation in a session of its own; the rest as that one has it. */
  async fork(address: string, { name }: { name: string }): Promise<ManagedSession> {
    const { agent, cwd, preset, limits, model, system, conversation, id } = this.find(address);
    return await this.spawn({
      forkOf: id,
      name,
      agent,
      cwd,
      preset,
      limits,
      ...(model !== undefined && { model }),
      ...(system !== undefined && { system }),
      resume: { from: conversation, fork: true },
    });
  }

  /**
   * Lets a paused session go on, and starts one that is over again, in its conversation. Throws `session-state` for one
   * that runs, and `conversation-live` where its conversation has gone on elsewhere.
   */
  async resume(address: string): Promise<ManagedSession> {
    const record = this.find(address);
    this.#options.requirePermitted(record.preset);
    this.#requireOpen();
    const session = this.#adopt(record);
    const { state } = session.record;
    if (isPaused(state)) {
      session.unpause();
      return session;
    }
    if (isLive(state)) {
      throw new CahootsError(
        'session-state',
        `The session ${record.name} is ${state.state}, and not paused.`,
        {
          remedy: `Give it a prompt: cahoots send ${record.name} <text>`,
          facts: { session: record.id, state: state.state },
        },
      );
    }
    const { conversation } = session.record;
    this.#requireNotLive(conversation);
    try {
      await session.start({ from: conversation, fork: false });
    } catch (error) {
      // One that never had a turn has no conversation yet.
      if (!(error instanceof CahootsError) || error.code !== 'conversation-unknown') throw error;
      await session.start();
    }
    return session;
  }

  /**
   * Removes a session that is over, with everything that is kept of it. One that has a process is refused with
   * `session-state`, or with `force` stopped first.
   */
  async delete(address: string, { force = false }: { force?: boolean } = {}): Promise<void> {
    const { id, name, state } = this.find(address);
    if (isLive(state)) {
      if (!force) {
        throw new CahootsError('session-state', `The session ${name} is ${state.state}.`, {
          remedy: `Stop it first (cahoots stop ${name}), or delete it with --force.`,
          facts: { session: id, state: state.state },
        });
      }
      await this.#sessions.get(id)?.stop();
    }
    this.#forget(id);
  }

  /** Removes the sessions that are over and have not changed for so long; those that it removed. */
  cleanUp({ olderThanMs }: { olderThanMs: number }): readonly ManagedSessionRecord[] {
    const { store, clock } = this.#options;
    const before = clock.now() - olderThanMs;
    const old = store
      .sessions({ limit: Number.MAX_SAFE_INTEGER })
      .filter(({ state, changedAtMs }) => !isLive(state) && changedAtMs < before);
    for (const { id } of old) this.#forget(id);
    return old;
  }

  /** The session of that id or name. Throws `session-unknown`, with those that there are. */
  find(address: string): ManagedSessionRecord {
    const { store } = this.#options;
    const byId = isSeatId(address) ? store.session(address) : undefined;
    const found = byId ?? store.sessionNamed(address);
    if (found !== undefined) return found;
    const names = store.sessions({ limit: 20 }).map(({ name }) => name);
    throw new CahootsError('session-unknown', `There is no managed session ${JSON.stringify(address)}.`, {
      remedy: names.length === 0 ? 'Start one: cahoots spawn <name>' : `There are: ${names.join(', ')}.`,
      facts: { address, names },
    });
  }

  /** Whether a session, past ones included, has that name. */
  isNamed(name: string): boolean {
    return this.#options.store.sessionNamed(name) !== undefined;
  }

  /** The session of that id or name while it has a process. Throws `session-unknown` or `session-over`. */
  live(address: string): ManagedSession {
    const { id, name, state } = this.find(address);
    const session = this.#sessions.get(id);
    if (session !== undefined && isLive(session.record.state)) return session;
    throw new CahootsError('session-over', `The session ${name} is ${state.state}.`, {
      remedy: `Resume it first: cahoots resume ${name}`,
      facts: { session: id, state: state.state },
    });
  }

  /** A text as the agent of a session is given it in a prompt. */
  asGiven(session: SeatId, text: string): string {
    return this.#sessions.get(session)?.asGiven(text) ?? text;
  }

  /** The end of a prompt that is open; undefined of one that is not. */
  settled({ session, id }: PromptRecord): Promise<PromptRecord> | undefined {
    return this.#sessions.get(session)?.settled(id);
  }

  /** What is known of a conversation that was held before. Rejects with `conversation-unknown`. */
  async pastConversation(agent: string, conversation: string): Promise<PastConversation> {
    return await this.#agent(agent).pastConversation(conversation, this.#options.env);
  }

  /** How many sessions have a process. */
  get running(): number {
    return [...this.#sessions.values()].filter(({ record }) => isLive(record.state)).length;
  }

  /** Stops all sessions at once; settles when nothing of them is left. Rejects when that could not be kept. */
  async close({ graceMs }: { graceMs?: number } = {}): Promise<void> {
    this.#isClosed = true;
    const stopped = await Promise.allSettled(
      [...this.#sessions.values()].map((session) => session.stop(graceMs === undefined ? {} : { graceMs })),
    );
    const failed = stopped.find((end) => end.status === 'rejected');
    if (failed !== undefined) throw failed.reason;
  }

  /** What would be started now nobody would end. */
  #requireOpen(): void {
    if (!this.#isClosed) return;
    throw new CahootsError('closed', 'The daemon is about to end.', { remedy: 'Call again in a moment.' });
  }

  #adopt(record: ManagedSessionRecord): ManagedSession {
    const known = this.#sessions.get(record.id);
    if (known !== undefined) return known;
    const session = new ManagedSession(record, { ...this.#options, agent: this.#agent(record.agent) });
    this.#sessions.set(record.id, session);
    return session;
  }

  async #folderOf(agent: string, conversation: string | undefined): Promise<string> {
    if (conversation !== undefined) return (await this.pastConversation(agent, conversation)).cwd;
    throw new CahootsError('usage', 'It is not said in which folder the session is to work.', {
      remedy: 'Name it in "cwd".',
    });
  }

  /** Two processes that write one conversation would each lose what the other says. */
  #requireNotLive(conversation: string): void {
    const ours = this.#options.store.liveSessions().find((session) => session.conversation === conversation);
    const name = ours?.name ?? this.#options.seats.sitterOf(conversation);
    if (name === undefined) return;
    throw new CahootsError('conversation-live', `The conversation ${conversation} is going on in ${name}.`, {
      remedy: `Ask that session (cahoots ask ${name} …), or begin with a copy of it (--fork).`,
      facts: { conversation, session: name },
    });
  }

  #agent(kind: string): Agent {
    const agent = this.#options.agents[kind];
    if (agent !== undefined) return agent;
    const known = Object.keys(this.#options.agents);
    throw new CahootsError('usage', `There is no kind of agent ${JSON.stringify(kind)}.`, {
      remedy: `There are: ${known.join(', ')}.`,
      facts: { kind, known },
    });
  }

  #forget(id: SeatId): void {
    this.#sessions.delete(id);
    this.#options.store.remove(id);
    this.#options.seats.close(id);
  }
}
