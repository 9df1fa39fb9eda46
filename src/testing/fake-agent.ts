import { randomUUID } from 'node:crypto';
import { existsSync } from 'node:fs';
import { setTimeout } from 'node:timers/promises';
import type { Agent, AgentExit, AgentLaunch, AgentSession, AgentUse } from '../agents/agent.ts';
import { type Deferred, deferred } from '../lib/deferred.ts';
import { CahootsError } from '../protocol/errors.ts';
import type { ToolCall } from '../protocol/tool-call.ts';
import {
  type AgentFailure,
  NOTHING_SPENT,
  type Spending,
  type ToolDenial,
  type TurnResult,
} from '../protocol/turn-result.ts';

/** One thing that a scripted agent does in a turn. */
export type FakeStep =
  | { readonly say: string }
  /** Calls a tool. `run` does it, once it is permitted, and gives what the model is told; it ends when `signal` aborts. */
  | {
      readonly tool: string;
      readonly input?: Readonly<Record<string, unknown>>;
      readonly run?: (signal: AbortSignal) => string | Promise<string>;
    }
  | { readonly fail: AgentFailure }
  /** Nothing, until the turn is interrupted. */
  | 'hang'
  /** The process dies. */
  | 'crash';

/** What a script may go by. */
export interface FakeTurn {
  /** The prompts of the conversation so far, the oldest first. */
  readonly before: readonly string[];
  readonly launch: AgentLaunch;
  readonly model: string | undefined;
}

/** What a scripted agent does with a prompt. A step that is a tool call gives back what the model is told of it. */
export type FakeScript = (prompt: string, turn: FakeTurn) => Generator<FakeStep, void, string>;

/** An agent without a process or a model, for tests of what drives agents. Its conversations last as long as it does. */
export interface FakeAgent extends Agent {
  /** The sessions that were started, the newest last, ended ones included. */
  readonly sessions: readonly FakeSession[];
  /** Nothing is known of any conversation from now on, as of one that had no turn. */
  forgetConversations(): void;
}

/** A session of a {@link FakeAgent}. */
export interface FakeSession extends AgentSession {
  readonly launch: AgentLaunch;
  /** The process dies, as with kill -9. */
  crash(): void;
  /** The process answers to nothing any more but to being killed. */
  freeze(): void;
}

/** What one step costs. */
const STEP: Spending = { ...NOTHING_SPENT, costUsd: 0.01, inputTokens: 100, outputTokens: 10 };

/** Makes an agent that does what the script says; without one it says each prompt back. */
export function fakeAgent(script: FakeScript = echo): FakeAgent {
  const conversations = new Map<string, string[]>();
  const sessions: ScriptedSession[] = [];
  return {
    kind: 'fake',
    sessions,
    forgetConversations: () => conversations.clear(),
    async pastConversation(conversation) {
      const held = sessions.find((session) => session.conversation === conversation);
      const said = conversations.get(conversation)?.join(' ') ?? '';
      if (held !== undefined) return { cwd: held.launch.cwd, contextTokens: Math.ceil(said.length / 4) };
      throw new CahootsError('conversation-unknown', `There is no conversation ${conversation}.`, {
        remedy: 'Name one that is there.',
      });
    },
    async start(launch) {
      if (!existsSync(launch.cwd)) {
        throw new CahootsError('folder-missing', `There is no folder ${launch.cwd}.`, {
          remedy: 'Name another.',
        });
      }
      // As with a real one, time passes.
      if (launch.signal !== undefined) await setTimeout(5);
      if (launch.signal?.aborted === true) {
        throw new CahootsError('cancelled', 'The start was given up.', { remedy: 'Start it again.' });
      }
      const from = launch.resume?.from;
      const past = from === undefined ? [] : conversations.get(from);
      if (past === undefined) {
        throw new CahootsError('conversation-unknown', `There is no conversation ${from}.`, {
          remedy: 'Begin a new one.',
        });
      }
      const prompts = launch.resume?.fork === false ? past : [...past];
      conversations.set(launch.conversation, prompts);
      const session = new ScriptedSession(launch, {
        script,
        conversations,
        pid: 1_000_000 + sessions.length,
      });
      sessions.push(session);
      return session;
    },
    async endLeftovers(left) {
      for (const session of sessions) if (left.includes(session.launch.conversation)) session.crash();
    },
  };
}

function* echo(prompt: string): Generator<FakeStep, void, string> {
  yield { say: `ECHO[${prompt}]` };
}

interface ScriptedTurn {
  readonly stop: AbortController;
  readonly done: Deferred<TurnResult>;
  text: string;
  steps: number;
  readonly denials: ToolDenial[];
  readonly toolsUsed: Record<string, number>;
}

class ScriptedSession implements FakeSession {
  readonly pid: number;
  readonly launch: AgentLaunch;
  readonly ended: Promise<AgentExit>;
  readonly #conversations: Map<string, string[]>;
  readonly #end = deferred<AgentExit>();
  readonly #script: FakeScript;
  #prompts: string[];
  #conversation: string;
  #model: string | undefined;
  #turn: ScriptedTurn | undefined;
  #isFrozen = false;
  #hasEnded = false;
  #steps = 0;
  #calls = 0;

  constructor(
    launch: AgentLaunch,
    { script, conversations, pid }: { script: FakeScript; conversations: Map<string, string[]>; pid: number },
  ) {
    this.launch = launch;
    this.#conversation = launch.conversation;
    this.#conversations = conversations;
    this.pid = pid;
    this.ended = this.#end.promise;
    this.#script = script;
    this.#prompts = conversations.get(launch.conversation) ?? [];
    this.#model = launch.model;
  }

  get conversation(): string {
    return this.#conversation;
  }

  get steps(): number {
    return this.#turn?.steps ?? 0;
  }

  get hasEnded(): boolean {
    return this.#hasEnded;
  }

  asGiven(text: string): string {
    return text;
  }

  /** It has one command, /clear: its conversation begins anew. */
  async commandCall(text: string): Promise<ToolCall> {
    if (text === '/clear') {
      const command = 'housekeeping';
      return { id: text, tool: 'command', input: { command: text }, bySubagent: false, command };
    }
    throw new CahootsError('command-unknown', `${JSON.stringify(text)} is not a command here.`, {
      remedy: 'There is: /clear',
    });
  }

  async run(prompt: string, { asCommand = false }: { asCommand?: boolean } = {}): Promise<TurnResult> {
    this.#checkAlive();
    if (this.#turn !== undefined) {
      throw new CahootsError('agent-busy', 'The session is in the middle of a turn.', {
        remedy: 'Wait for its end, or interrupt it.',
      });
    }
    const turn: ScriptedTurn = {
      stop: new AbortController(),
      done: deferred(),
      text: '',
      steps: 0,
      denials: [],
      toolsUsed: {},
    };
    this.#turn = turn;
    if (asCommand) {
      this.#clear();
      this.#settle(turn, { status: 'completed' });
      return turn.done.promise;
    }
    const before = [...this.#prompts];
    this.#prompts.push(prompt);
    this.#tell({ type: 'session:described', version: '0.0.0', model: this.#model ?? 'fake' });
    void this.#play(turn, this.#script(prompt, { before, launch: this.launch, model: this.#model }));
    return turn.done.promise;
  }

  async interrupt({ graceMs = 5_000 }: { graceMs?: number } = {}): Promise<void> {
    const turn = this.#turn;
    if (turn === undefined) return;
    if (this.#isFrozen) {
      await setTimeout(graceMs);
      this.#settle(turn, { status: 'interrupted' });
      await this.close({ graceMs: 0 });
    }
    turn.stop.abort();
    await turn.done.promise;
  }

  async setModel(
    model: string | undefined,
    { answerMs = 10_000 }: { answerMs?: number } = {},
  ): Promise<void> {
    this.#checkAlive();
    if (this.#isFrozen) {
      await setTimeout(answerMs);
      throw new CahootsError('wait-timeout', 'The process does not answer.', { remedy: 'Stop the session.' });
    }
    this.#model = model;
  }

  async used(): Promise<AgentUse> {
    const steps = this.#turn?.steps ?? 0;
    return { spent: costOf(this.#steps), turn: { spent: costOf(steps), steps } };
  }

  async close({ graceMs = 3_000 }: { graceMs?: number } = {}): Promise<AgentExit> {
    if (this.#isFrozen) await setTimeout(graceMs);
    const end = this.#isFrozen
      ? ({ code: null, signal: 'SIGKILL' } as const)
      : ({ code: 0, signal: null } as const);
    this.#stop({ cause: 'closed', ...end, stderr: '' });
    return this.ended;
  }

  crash(): void {
    this.#stop({ cause: 'crashed', code: null, signal: 'SIGKILL', stderr: '' });
  }

  freeze(): void {
    this.#isFrozen = true;
  }

  #clear(): void {
    this.#prompts = [];
    this.#conversation = randomUUID();
    this.#conversations.set(this.#conversation, this.#prompts);
    this.#tell({ type: 'conversation:changed', conversation: this.#conversation });
  }

  async #play(turn: ScriptedTurn, steps: Generator<FakeStep, void, string>): Promise<void> {
    let told = '';
    for (;;) {
      // Between two steps others have their turn, as with a real agent.
      await new Promise((resolve) => setImmediate(resolve));
      if (turn.stop.signal.aborted) break;
      const { value: step, done } = steps.next(told);
      if (done === true) break;
      turn.steps += 1;
      this.#steps += 1;
      if (step === 'crash') return this.crash();
      if (step === 'hang') await aborted(turn.stop.signal);
      else if ('fail' in step) return this.#settle(turn, { status: 'failed', failure: step.fail });
      else if ('say' in step) this.#say(turn, step.say);
      else told = await this.#call(turn, step);
    }
    this.#settle(turn, { status: turn.stop.signal.aborted ? 'interrupted' : 'completed' });
  }

  #say(turn: ScriptedTurn, text: string): void {
    turn.text = text;
    this.#tell({ type: 'text:said', text, bySubagent: false });
  }

  async #call(turn: ScriptedTurn, step: Extract<FakeStep, { tool: string }>): Promise<string> {
    const { tool, input = {}, run = () => '' } = step;
    this.#calls += 1;
    const call: ToolCall = { id: `call-${this.#calls}`, tool, input, bySubagent: false };
    this.#tell({ type: 'tool:called', call });
    const verdict = await this.#verdict(call);
    if (verdict.verdict === 'allow') {
      turn.toolsUsed[tool] = (turn.toolsUsed[tool] ?? 0) + 1;
      const text = await Promise.race([run(turn.stop.signal), aborted(turn.stop.signal)]);
      this.#tell({ type: 'tool:returned', callId: call.id, text: text ?? '', isError: text === undefined });
      return text ?? '';
    }
    turn.denials.push({ tool, input, reason: verdict.reason });
    this.#tell({ type: 'tool:returned', callId: call.id, text: verdict.reason, isError: true });
    if (verdict.verdict === 'deny-and-end-turn') turn.stop.abort();
    return verdict.reason;
  }

  async #verdict(call: ToolCall): Promise<Awaited<ReturnType<AgentLaunch['decide']>>> {
    try {
      return await this.launch.decide(call);
    } catch (error) {
      return { verdict: 'deny', reason: error instanceof Error ? error.message : String(error) };
    }
  }

  #settle(
    turn: ScriptedTurn,
    end: { status: 'completed' | 'interrupted' } | { status: 'failed'; failure: AgentFailure },
  ): void {
    if (this.#turn !== turn) return;
    this.#turn = undefined;
    const { text, steps, denials, toolsUsed } = turn;
    turn.done.resolve({ ...end, text, steps, denials, toolsUsed, spent: costOf(steps), durationMs: 0 });
  }

  #stop(exit: AgentExit): void {
    if (this.#hasEnded) return;
    this.#hasEnded = true;
    const turn = this.#turn;
    turn?.stop.abort();
    if (turn !== undefined) {
      const message = 'The session ended in the middle of the turn.';
      this.#settle(turn, { status: 'failed', failure: { kind: 'agent-ended', message } });
    }
    this.#end.resolve(exit);
  }

  #tell(event: Parameters<AgentLaunch['onEvent']>[0]): void {
    if (this.#hasEnded) return;
    try {
      this.launch.onEvent(event);
    } catch {
      // A listener's fault is not the session's.
    }
  }

  #checkAlive(): void {
    if (!this.#hasEnded) return;
    throw new CahootsError('agent-ended', 'The process of the session has ended.', {
      remedy: 'Resume the session.',
    });
  }
}

function aborted(signal: AbortSignal): Promise<undefined> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve(undefined);
    else signal.addEventListener('abort', () => resolve(undefined), { once: true });
  });
}

function costOf(steps: number): Spending {
  return {
    ...NOTHING_SPENT,
    costUsd: STEP.costUsd * steps,
    inputTokens: STEP.inputTokens * steps,
    outputTokens: STEP.outputTokens * steps,
  };
}
