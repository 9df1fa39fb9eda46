import { randomUUID } from 'node:crypto';
import type { AgentEvent, AgentExit, AgentSession, ResumedConversation } from '../agents/agent.ts';
import { type Deferred, deferred } from '../lib/deferred.ts';
import { asCahootsError } from '../protocol/errors.ts';
import type {
  LimitReached,
  ManagedSessionRecord,
  PromptOutcome,
  PromptRecord,
  Used,
} from '../protocol/managed-session.ts';
import type { ToolCall, ToolVerdict } from '../protocol/tool-call.ts';
import { NOTHING_SPENT, spentTogether, type TurnResult, turnsTogether } from '../protocol/turn-result.ts';
import {
  limitReached,
  limitsSpending,
  limitText,
  NOTHING_USED,
  timeLeftMs,
  usedBy,
  usedTogether,
} from './limits.ts';
import { MAX_TIMER_MS, PlanPause } from './plan-pause.ts';
import { commandDenied, queueFull, sessionOver, stateRefuses } from './session-errors.ts';
import type { AcceptedPrompt, SessionEvent, SessionMeans } from './session-means.ts';
import { advance, isLive, mayStep, type SessionStep } from './session-state.ts';
import { outcomeOf, usedInTurn } from './turn-outcome.ts';

/** The turn that is being worked on. */
interface Work {
  readonly prompt: PromptRecord;
  readonly startedAtMs: number;
  /** What was used for this prompt before the plan's limit cut it off. */
  readonly before: Used;
  /** Settles once all that follows from its end is done. */
  readonly over: Deferred<void>;
  reached: LimitReached | undefined;
}

const GO_ON = 'The usage limit that cut you off has been reset. Go on where you were.';

/**
 * A session of ours: owns its agent's process, gives it one prompt after the other, and holds it to its limits.
 *
 * Every change is kept by the store before anybody is told of it. A prompt that was accepted comes to exactly one end,
 * which `settled` gives, also when the session is stopped, fails or dies before its turn.
 */
export class ManagedSession {
  #record: ManagedSessionRecord;
  readonly #means: SessionMeans;
  readonly #queue: PromptRecord[] = [];
  readonly #open = new Map<string, Deferred<PromptRecord>>();
  #process: AgentSession | undefined;
  #work: Work | undefined;
  readonly #planPause: PlanPause;
  /** While its process is being started. */
  #starting: { readonly giveUp: AbortController; readonly over: Deferred<void> } | undefined;

  /** Takes a record as it is kept. Its process is not there yet: see `start`. */
  constructor(record: ManagedSessionRecord, means: SessionMeans) {
    this.#record = record;
    this.#means = means;
    this.#planPause = new PlanPause(means.clock);
  }

  get record(): ManagedSessionRecord {
    return this.#record;
  }

  /** The prompts that wait for their turn, the next one first. */
  get queue(): readonly PromptRecord[] {
    return this.#queue;
  }

  /**
   * Starts its process. Rejects as the agent does, and then it is `failed`, with what waited dropped. One that is stopped
   * meanwhile is `stopped`, and resolves.
   */
  async start(resume?: ResumedConversation): Promise<void> {
    const { startedIn: _, ...record } = this.#record;
    this.#record = record;
    if (this.#record.state.state !== 'starting') this.#step({ step: 'start' });
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
    const { cwd, conversation, model, system, preset } = this.#record;
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
        ...(this.#means.tools !== undefined && { tools: this.#means.tools(this.#record) }),
        decide: (call) => this.#decide(call),
        onEvent: (event) => this.#heard(event),
      });
    } catch (error) {
      const { message } = asCahootsError(error);
      if (signal.aborted) {
        this.#step({ step: 'exit' });
        return;
      }
      this.#step({ step: 'fail', failure: { kind: 'agent-ended', message } });
      this.#dropWaiting(message);
      throw error;
    }
    void this.#process.ended
      .then((exit) => this.#afterExit(exit))
      .catch((error: unknown) => this.#fault(error));
    // It may have been stopped while it was starting.
    if (!mayStep(this.#record.state, 'ready')) {
      await this.#process.close();
      return;
    }
    this.#step({ step: 'ready' });
    this.#next();
  }

  /** Rejects with `command-unknown` or `command-denied` for a command of the agent that the session must not be given. */
  async requireCommand(text: string): Promise<void> {
    const verdict = await this.#judgeCommand(text, this.#process);
    if (verdict.verdict === 'allow') return;
    throw commandDenied(this.#record, text, verdict.reason);
  }

  async #judgeCommand(text: string, process: AgentSession | undefined): Promise<ToolVerdict> {
    // Without a process it takes no prompt either, which `accept` says.
    if (process === undefined) return { verdict: 'allow' };
    return await this.#means.judge(await process.commandCall(text), this.#record);
  }

  /** A text as its agent would be given it. */
  asGiven(text: string): string {
    return this.#process?.asGiven(text) ?? text;
  }

  /** Accepts a prompt: once this returns it is kept, and has its turn after those before it. */
  accept({ text, from, command }: Pick<PromptRecord, 'text' | 'from' | 'command'>): AcceptedPrompt {
    const { id: session, state } = this.#record;
    if (!isLive(state) || state.state === 'stopping') throw sessionOver(this.#record);
    if (this.#queue.length >= this.#means.queueLength) throw queueFull(this.#record, this.#queue.length);
    const prompt: PromptRecord = {
      id: randomUUID(),
      session,
      from,
      text,
      ...(command === true && { command }),
      acceptedAtMs: this.#means.clock.now(),
    };
    this.#savePrompt(prompt);
    const open = deferred<PromptRecord>();
    this.#open.set(prompt.id, open);
    this.#queue.push(prompt);
    this.#next();
    return { prompt, settled: open.promise };
  }

  /** The end of a prompt that is open; undefined of one that is not. */
  settled(prompt: string): Promise<PromptRecord> | undefined {
    return this.#open.get(prompt)?.promise;
  }

  /**
   * Ends the running turn, but not that of the prompt `except`; resolves once it is over. The next prompt has its turn
   * then.
   */
  async interrupt({ except }: { except?: string } = {}): Promise<void> {
    if (except !== undefined && this.#work?.prompt.id === except) return;
    const over = this.#work?.over.promise;
    await this.#process?.interrupt();
    await over;
  }

  /** It finishes the turn that it is in, and takes no further prompt until `unpause`. */
  pause(): void {
    this.#planPause.cancel();
    this.#step({ step: 'pause' });
  }

  unpause(): void {
    this.#step({ step: 'unpause' });
    this.#next();
  }

  /** At the latest from the next turn on; the agent's own default where it is undefined. */
  async setModel(model: string | undefined): Promise<void> {
    await this.#process?.setModel(model);
    const { model: _, ...rest } = this.#record;
    this.#save(model === undefined ? rest : { ...rest, model }, 'model:set', { model });
  }

  /** Ends its process, and drops what waits. Resolves once nothing of it is left. Idempotent. */
  async stop({ graceMs }: { graceMs?: number } = {}): Promise<void> {
    this.#planPause.cancel();
    try {
      if (mayStep(this.#record.state, 'stop')) this.#step({ step: 'stop' });
    } finally {
      // Also when nothing of it can be kept: no process outlives its session.
      await this.#endProcess('The session was stopped.', graceMs);
    }
  }

  async #endProcess(reason: string, graceMs?: number): Promise<void> {
    try {
      this.#dropWaiting(reason);
    } finally {
      this.#starting?.giveUp.abort();
      await this.#starting?.over.promise;
      await this.#process?.close(graceMs === undefined ? {} : { graceMs });
    }
  }

  /** Gives the session its next prompt when it is free for it. */
  #next(): void {
    if (this.#record.state.state !== 'idle' || this.#work !== undefined) return;
    const prompt = this.#queue.shift();
    const process = this.#process;
    if (prompt === undefined || process === undefined) return;
    const work: Work = {
      prompt: { ...prompt, startedAtMs: prompt.startedAtMs ?? this.#means.clock.now() },
      startedAtMs: this.#means.clock.now(),
      before: usedInTurn(prompt.turn),
      over: deferred(),
      reached: undefined,
    };
    this.#work = work;
    void this.#workOn(work, process)
      .catch((error: unknown) => this.#giveUp(work.prompt, error))
      .finally(() => {
        work.over.resolve();
        this.#next();
      });
  }

  /** A session of which nothing can be kept any more does nothing more: its prompts are settled, its process is ended. */
  async #giveUp(prompt: PromptRecord, error: unknown): Promise<void> {
    const { message } = asCahootsError(error);
    this.#work = undefined;
    this.#fault(error);
    try {
      if (this.#open.has(prompt.id)) {
        this.#settle(prompt, { outcome: 'failed', failure: { kind: 'other', message } });
      }
    } catch (further) {
      this.#fault(further);
    }
    await this.#endProcess(message).catch((further: unknown) => this.#fault(further));
  }

  #fault(error: unknown): void {
    this.#means.onFault?.(error);
  }

  async #workOn(work: Work, process: AgentSession): Promise<void> {
    const { prompt, startedAtMs } = work;
    // One that was cut off by the plan's limit is told to go on, or a real agent would do twice what it has done.
    const text = prompt.turn !== undefined && prompt.turn.steps > 0 ? GO_ON : prompt.text;
    const asCommand = prompt.command === true && text === prompt.text;
    this.#step({ step: 'begin-turn', prompt: prompt.id });
    this.#savePrompt(prompt);
    work.reached = this.#reached(work, NOTHING_USED);
    if (work.reached !== undefined) {
      this.#end(prompt, { outcome: 'limit-reached', reached: work.reached });
      return;
    }
    // What the command stands for may have changed since it was accepted.
    const verdict = asCommand ? await this.#judgeCommand(text, process) : undefined;
    if (verdict !== undefined && verdict.verdict !== 'allow') {
      this.#end(prompt, { outcome: 'failed', failure: { kind: 'other', message: verdict.reason } });
      return;
    }
    const stopWatch = this.#watchTime(work);
    const turn = await process.run(text, { asCommand }).finally(stopWatch);
    this.#account(turn, this.#means.clock.now() - startedAtMs);
    const worked = { ...prompt, turn: turnsTogether(prompt.turn, turn) };
    if (process.hasEnded) {
      this.#work = undefined;
      this.#settle(worked, this.#outcomeOfEnd(turn, work.reached));
      return;
    }
    if (turn.status === 'failed' && turn.failure.kind === 'usage-limit' && this.#mayWaitForPlan()) {
      this.#waitForPlan(worked, turn.failure.resetsAtMs);
      return;
    }
    this.#end(worked, outcomeOf(turn, work.reached));
  }

  /** Of a turn that the process ended in: what it was stopped for is not its fault. */
  #outcomeOfEnd(turn: TurnResult, reached: LimitReached | undefined): PromptOutcome {
    const wasStopped = ['stopping', 'stopped'].includes(this.#record.state.state);
    const isCutOff = turn.status === 'failed' && turn.failure.kind === 'agent-ended';
    return wasStopped && isCutOff ? { outcome: 'interrupted' } : outcomeOf(turn, reached);
  }

  #end(prompt: PromptRecord, ended: PromptOutcome): void {
    this.#work = undefined;
    this.#settle(prompt, ended);
    if (mayStep(this.#record.state, 'end-turn')) this.#step({ step: 'end-turn' });
  }

  #mayWaitForPlan(): boolean {
    return mayStep(this.#record.state, 'reach-plan-limit');
  }

  /** The prompt goes back to the head of the queue, and has its turn again once the allowance is there again. */
  #waitForPlan(prompt: PromptRecord, knownMs: number | undefined): void {
    const resetsAtMs = this.#planPause.resetTime(knownMs);
    this.#work = undefined;
    this.#savePrompt(prompt);
    this.#queue.unshift(prompt);
    this.#step({ step: 'reach-plan-limit', resetsAtMs });
    this.#planPause.start(resetsAtMs, () => {
      if (!mayStep(this.#record.state, 'limit-over')) return;
      this.#step({ step: 'limit-over' });
      this.#next();
    });
  }

  /** Interrupts the turn once a limit of time is reached; until what it returns is called. */
  #watchTime(work: Work): () => void {
    let timer: NodeJS.Timeout | undefined;
    const look = (): void => {
      const leftMs = this.#timeLeftMs(work);
      if (leftMs === undefined) return;
      work.reached ??= this.#reached(work, NOTHING_USED);
      // A timer may be early by the clock, and none can be set for a month: it is looked at again.
      if (work.reached === undefined) {
        timer = setTimeout(look, Math.min(Math.max(1, Math.ceil(leftMs)), MAX_TIMER_MS));
      } else void this.interrupt();
    };
    look();
    return () => clearTimeout(timer);
  }

  #timeLeftMs(work: Work): number | undefined {
    const used = { turn: work.before, session: this.#usedBySession() };
    const allowedMs = timeLeftMs(this.#record.limits, used);
    return allowedMs === undefined ? undefined : allowedMs - (this.#means.clock.now() - work.startedAtMs);
  }

  async #decide(call: ToolCall): Promise<ToolVerdict> {
    const work = this.#work;
    const process = this.#process;
    if (work === undefined || process === undefined)
      return { verdict: 'deny', reason: 'No prompt asks for it.' };
    // Asking the agent for what was spent takes a moment, before every call: only where it counts.
    const spent = limitsSpending(this.#record.limits) ? (await process.used()).turn.spent : NOTHING_SPENT;
    work.reached ??= this.#reached(work, usedBy(spent, { turns: process.steps }));
    if (work.reached !== undefined) {
      return { verdict: 'deny-and-end-turn', reason: limitText(work.reached) };
    }
    const verdict = await this.#means.judge(call, this.#record);
    if (verdict.verdict !== 'allow') {
      this.note('tool:denied', { tool: call.tool, input: call.input, reason: verdict.reason });
    }
    return verdict;
  }

  /** The limit that the running turn has reached; its time counts up to now. */
  #reached(work: Work, used: Used): LimitReached | undefined {
    const now = { ...used, minutes: (this.#means.clock.now() - work.startedAtMs) / 60_000 };
    // What earlier goes at this prompt used is counted with the session already.
    return limitReached(this.#record.limits, {
      turn: usedTogether(work.before, now),
      session: usedTogether(this.#usedBySession(), now),
    });
  }

  #usedBySession(): Used {
    const { spent, turns, activeMs } = this.#record;
    return usedBy(spent, { turns, minutes: activeMs / 60_000 });
  }

  #account(turn: TurnResult, durationMs: number): void {
    const { spent, turns, activeMs } = this.#record;
    this.#save(
      {
        ...this.#record,
        spent: spentTogether(spent, turn.spent),
        turns: turns + turn.steps,
        activeMs: activeMs + durationMs,
      },
      'turn:ended',
      { ...turn },
    );
  }

  #afterExit({ cause, code, signal, stderr }: AgentExit): void {
    this.#process = undefined;
    this.#planPause.cancel();
    const how = signal === null ? `with status ${code}` : `by ${signal}`;
    const message = `Its process ended ${how}. ${stderr}`.trim();
    const wasAsked = cause === 'closed' || this.#record.state.state === 'stopping';
    try {
      if (isLive(this.#record.state)) {
        this.#step(wasAsked ? { step: 'exit' } : { step: 'fail', failure: { kind: 'agent-ended', message } });
      }
    } finally {
      this.#dropWaiting(message);
    }
  }

  #dropWaiting(reason: string): void {
    const prompt = this.#queue.shift();
    if (prompt === undefined) return;
    try {
      this.#settle(prompt, { outcome: 'dropped', reason });
    } finally {
      this.#dropWaiting(reason);
    }
  }

  #settle(prompt: PromptRecord, ended: PromptOutcome): void {
    const settled = { ...prompt, ended, endedAtMs: this.#means.clock.now() };
    try {
      this.#savePrompt(settled);
    } finally {
      // Who waits for it is not to wait for ever because it cannot be kept.
      this.#open.get(prompt.id)?.resolve(settled);
      this.#open.delete(prompt.id);
    }
  }

  #heard(event: AgentEvent): void {
    if (event.type === 'conversation:changed') {
      const { conversation: from, startedIn = from } = this.#record;
      const { conversation } = event;
      this.#save({ ...this.#record, conversation, startedIn }, event.type, { from, conversation });
      return;
    }
    const { type, ...data } = event;
    this.note(type, data);
    if (event.type === 'turn:unasked') this.#account(event.result, event.result.durationMs);
    this.#tell({ type: 'agent:acted', session: this.#record.id, event });
  }

  #step(step: SessionStep): void {
    const { state } = this.#record;
    if (!mayStep(state, step.step)) throw stateRefuses(this.#record, step.step);
    const next = advance(state, step);
    this.#save({ ...this.#record, state: next }, 'state:changed', { from: state.state, ...next });
  }

  #save(record: ManagedSessionRecord, type: string, data: Readonly<Record<string, unknown>>): void {
    const atMs = this.#means.clock.now();
    const session = { ...record, changedAtMs: atMs };
    const prompt = this.#work?.prompt.id;
    this.#means.store.saveSession(session, {
      session: record.id,
      atMs,
      type,
      data,
      ...(prompt !== undefined && { prompt }),
    });
    this.#record = session;
    this.#tell({ type: 'session:changed', session });
  }

  #savePrompt(prompt: PromptRecord): void {
    this.#means.store.savePrompt(prompt);
    this.#tell({ type: 'prompt:changed', prompt });
  }

  /** Puts a line into the session's journal. */
  note(type: string, data: Readonly<Record<string, unknown>>): void {
    const prompt = this.#work?.prompt.id;
    const atMs = this.#means.clock.now();
    const { id: session } = this.#record;
    this.#means.store.note({ session, atMs, type, data, ...(prompt !== undefined && { prompt }) });
  }

  #tell(event: SessionEvent): void {
    try {
      this.#means.onEvent(event);
    } catch {
      // A watcher's fault is not the session's.
    }
  }
}
