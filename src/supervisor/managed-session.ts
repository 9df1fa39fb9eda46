import type { AgentEvent, AgentExit, AgentSession, ResumedConversation } from '../agents/agent.ts';
import { type Deferred, deferred } from '../lib/deferred.ts';
import { asCahootsError } from '../protocol/errors.ts';
import type { ManagedSessionRecord, NewPrompt, PromptRecord } from '../protocol/managed-session.ts';
import { PlanPause } from './plan-pause.ts';
import { PromptQueue } from './prompt-queue.ts';
import { RunningTurn } from './running-turn.ts';
import { commandDenied, sessionOver } from './session-errors.ts';
import { SessionLedger } from './session-ledger.ts';
import type { AcceptedPrompt, SessionMeans } from './session-means.ts';
import { isLive } from './session-state.ts';

/**
 * A session of ours: owns its agent's process, gives it one prompt after the other, and holds it to its limits.
 *
 * Every change is kept by the store before anybody is told of it. A prompt that was accepted comes to exactly one end,
 * which `settled` gives, also when the session is stopped, fails or dies before its turn.
 */
export class ManagedSession {
  readonly #means: SessionMeans;
  readonly #ledger: SessionLedger;
  readonly #queue: PromptQueue;
  readonly #planPause: PlanPause;
  #process: AgentSession | undefined;
  #turn: RunningTurn | undefined;
  /** While its process is being started. */
  #starting: { readonly giveUp: AbortController; readonly over: Deferred<void> } | undefined;

  /** Takes a record as it is kept. Its process is not there yet: see `start`. */
  constructor(record: ManagedSessionRecord, means: SessionMeans) {
    const { store, clock, onEvent, queueLength } = means;
    this.#means = means;
    this.#ledger = new SessionLedger(record, { store, clock, onEvent, prompt: () => this.#turn?.prompt.id });
    this.#queue = new PromptQueue({ ledger: this.#ledger, clock, length: queueLength });
    this.#planPause = new PlanPause(clock);
  }

  get record(): ManagedSessionRecord {
    return this.#ledger.record;
  }

  /** The prompts that wait for their turn, the next one first. */
  get queue(): readonly PromptRecord[] {
    return this.#queue.waiting;
  }

  /**
   * Starts its process. Rejects as the agent does, and then it is `failed`, with what waited dropped. One that is stopped
   * meanwhile is `stopped`, and resolves.
   */
  async start(resume?: ResumedConversation): Promise<void> {
    this.#ledger.beginProcess();
    if (this.record.state.state !== 'starting') this.#ledger.step({ step: 'start' });
    const starting = { giveUp: new AbortController(), over: deferred<void>() };
    this.#starting = starting;
    try {
      await this.#startProcess(resume, starting.giveUp.signal);
    } finally {
      this.#starting = undefined;
      starting.over.resolve();
    }
  }

  async #startProcess(resume: ResumedConversation | undefined, signal: AbortSignal): Promise<void> {
    const { cwd, conversation, model, system, preset } = this.record;
    try {
      this.#process = await this.#means.agent.start({
        cwd,
        conversation,
        signal,
        env: this.#means.env,
        mode: preset === 'plan' ? 'plan' : 'act',
        skillsRunCommands: preset === 'full',
        ...(resume !== undefined && { resume }),
        ...(model !== undefined && { model }),
        ...(system !== undefined && { system }),
        ...(this.#means.tools !== undefined && { tools: this.#means.tools(this.record) }),
        decide: async (call) =>
          (await this.#turn?.decide(call)) ?? { verdict: 'deny', reason: 'No prompt asks for it.' },
        onEvent: (event) => this.#heard(event),
      });
    } catch (error) {
      const { message } = asCahootsError(error);
      if (signal.aborted) {
        this.#ledger.step({ step: 'exit' });
        return;
      }
      this.#ledger.step({ step: 'fail', failure: { kind: 'agent-ended', message } });
      this.#queue.dropAll(message);
      throw error;
    }
    void this.#process.ended
      .then((exit) => this.#afterExit(exit))
      .catch((error: unknown) => this.#fault(error));
    // It may have been stopped while it was starting.
    if (!this.#ledger.may('ready')) {
      await this.#process.close();
      return;
    }
    this.#ledger.step({ step: 'ready' });
    this.#next();
  }

  /** Rejects with `command-unknown` or `command-denied` for a command of the agent that the session must not be given. */
  async requireCommand(text: string): Promise<void> {
    // Without a process it takes no prompt either, which `accept` says.
    if (this.#process === undefined) return;
    const verdict = await this.#means.judge(await this.#process.commandCall(text), this.record);
    if (verdict.verdict !== 'allow') throw commandDenied(this.record, text, verdict.reason);
  }

  /** A text as its agent would be given it. */
  asGiven(text: string): string {
    return this.#process?.asGiven(text) ?? text;
  }

  /**
   * Accepts a prompt: once this returns it is kept, and has its turn after those before it. Throws `session-over` and
   * `queue-full`.
   */
  accept(prompt: NewPrompt): AcceptedPrompt {
    const { state } = this.record;
    if (!isLive(state) || state.state === 'stopping') throw sessionOver(this.record);
    const accepted = this.#queue.accept(prompt);
    this.#next();
    return accepted;
  }

  /** The end of a prompt that is open; undefined of one that is not. */
  settled(prompt: string): Promise<PromptRecord> | undefined {
    return this.#queue.settled(prompt);
  }

  /**
   * Ends the running turn, but not that of the prompt `except`; resolves once it is over. The next prompt has its turn
   * then.
   */
  async interrupt({ except }: { except?: string } = {}): Promise<void> {
    if (except !== undefined && this.#turn?.prompt.id === except) return;
    const over = this.#turn?.over.promise;
    await this.#process?.interrupt();
    await over;
  }

  /** It finishes the turn that it is in, and takes no further prompt until `unpause`. */
  pause(): void {
    this.#planPause.cancel();
    this.#ledger.step({ step: 'pause' });
  }

  unpause(): void {
    this.#ledger.step({ step: 'unpause' });
    this.#next();
  }

  /** At the latest from the next turn on; the agent's own default where it is undefined. */
  async setModel(model: string | undefined): Promise<void> {
    await this.#process?.setModel(model);
    const { model: _, ...rest } = this.record;
    this.#ledger.save(model === undefined ? rest : { ...rest, model }, 'model:set', { model });
  }

  /** Ends its process, and drops what waits. Resolves once nothing of it is left. Idempotent. */
  async stop({ graceMs }: { graceMs?: number } = {}): Promise<void> {
    this.#planPause.cancel();
    try {
      if (this.#ledger.may('stop')) this.#ledger.step({ step: 'stop' });
    } finally {
      // Also when nothing of it can be kept: no process outlives its session.
      await this.#endProcess('The session was stopped.', graceMs);
    }
  }

  /** Puts a line into the session's journal. */
  note(type: string, data: Readonly<Record<string, unknown>>): void {
    this.#ledger.note(type, data);
  }

  async #endProcess(reason: string, graceMs?: number): Promise<void> {
    try {
      this.#queue.dropAll(reason);
    } finally {
      this.#starting?.giveUp.abort();
      await this.#starting?.over.promise;
      await this.#process?.close(graceMs === undefined ? {} : { graceMs });
    }
  }

  /** Gives the session its next prompt when it is free for it. */
  #next(): void {
    const process = this.#process;
    if (this.record.state.state !== 'idle' || this.#turn !== undefined || process === undefined) return;
    const prompt = this.#queue.next();
    if (prompt === undefined) return;
    const { clock, judge } = this.#means;
    const turn = new RunningTurn(prompt, process, {
      ledger: this.#ledger,
      clock,
      judge,
      onFault: (error) => this.#fault(error),
    });
    this.#turn = turn;
    void this.#workOn(turn, process)
      .catch((error: unknown) => this.#giveUp(turn.prompt, error))
      .finally(() => {
        turn.over.resolve();
        this.#next();
      });
  }

  async #workOn(turn: RunningTurn, process: AgentSession): Promise<void> {
    this.#ledger.step({ step: 'begin-turn', prompt: turn.prompt.id });
    this.#ledger.savePrompt(turn.prompt);
    const { prompt, ended, planLimit } = await turn.run();
    this.#turn = undefined;
    if (planLimit !== undefined && this.#ledger.may('reach-plan-limit')) {
      this.#waitForPlan(prompt, planLimit.resetsAtMs);
      return;
    }
    this.#queue.settle(prompt, ended);
    // The end of its process is told by itself.
    if (!process.hasEnded && this.#ledger.may('end-turn')) this.#ledger.step({ step: 'end-turn' });
  }

  /** A session of which nothing can be kept any more does nothing more: its prompts are settled, its process is ended. */
  async #giveUp(prompt: PromptRecord, error: unknown): Promise<void> {
    const { message } = asCahootsError(error);
    this.#turn = undefined;
    this.#fault(error);
    try {
      if (this.#queue.isOpen(prompt.id))
        this.#queue.settle(prompt, { outcome: 'failed', failure: { kind: 'other', message } });
    } catch (further) {
      this.#fault(further);
    }
    await this.#endProcess(message).catch((further: unknown) => this.#fault(further));
  }

  /** The prompt has its turn again, before all others, once the allowance is there again. */
  #waitForPlan(prompt: PromptRecord, knownMs: number | undefined): void {
    const resetsAtMs = this.#planPause.resetTime(knownMs);
    this.#queue.putBack(prompt);
    this.#ledger.step({ step: 'reach-plan-limit', resetsAtMs });
    this.#planPause.start(resetsAtMs, () => {
      if (!this.#ledger.may('limit-over')) return;
      this.#ledger.step({ step: 'limit-over' });
      this.#next();
    });
  }

  #afterExit({ cause, code, signal, stderr }: AgentExit): void {
    this.#process = undefined;
    this.#planPause.cancel();
    const how = signal === null ? `with status ${code}` : `by ${signal}`;
    const message = `Its process ended ${how}. ${stderr}`.trim();
    const wasAsked = cause === 'closed' || this.record.state.state === 'stopping';
    try {
      if (isLive(this.record.state))
        this.#ledger.step(
          wasAsked ? { step: 'exit' } : { step: 'fail', failure: { kind: 'agent-ended', message } },
        );
    } finally {
      this.#queue.dropAll(message);
    }
  }

  #heard(event: AgentEvent): void {
    if (event.type === 'conversation:changed') {
      const { conversation: from, startedIn = from } = this.record;
      const { conversation } = event;
      this.#ledger.save({ ...this.record, conversation, startedIn }, event.type, { from, conversation });
      return;
    }
    const { type, ...data } = event;
    this.#ledger.note(type, data);
    if (event.type === 'turn:unasked') this.#ledger.account(event.result, event.result.durationMs);
    this.#ledger.tell({ type: 'agent:acted', session: this.record.id, event });
  }

  #fault(error: unknown): void {
    this.#means.onFault?.(error);
  }
}
