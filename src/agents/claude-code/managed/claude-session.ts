import { randomUUID } from 'node:crypto';
import type { Query, SDKMessage, SDKUserMessage } from '@anthropic-ai/claude-agent-sdk';
import type { Channel } from '../../../lib/channel.ts';
import { type Deferred, deferred } from '../../../lib/deferred.ts';
import { settlesWithin } from '../../../lib/stop-process.ts';
import { CahootsError } from '../../../protocol/errors.ts';
import type { ToolCall } from '../../../protocol/tool-call.ts';
import { type Spending, spentBetween, type TurnResult } from '../../../protocol/turn-result.ts';
import type { AgentExit, AgentLaunch, AgentSession, AgentUse } from '../../agent.ts';
import { literalPrompt, literalText } from '../literal-text.ts';
import type { ClaudeProcess } from './claude-process.ts';
import { commandCall, type ListedCommand } from './host-command.ts';
import { ToolGate } from './tool-gate.ts';
import { TurnFold, totalOf } from './turn-fold.ts';

/** How long the host may take to tell what a session has used: it reads no file and asks nobody for it. */
const USAGE_MS = 5_000;
/** How long a host that says that it will still run an interrupted prompt is given to say that it is over. */
const INTERRUPT_AGAIN_MS = 500;
const AFTER_EXIT_MS = 2_000;

/** A prompt with the mark by which the host takes it as text. Older hosts do not know it; the SDK's type does not either. */
export type UserMessage = SDKUserMessage & { readonly client_composed?: true };

/** What the host says of itself when it is ready. */
export interface HostFacts {
  /** It takes a prompt that is marked `client_composed` as text. */
  readonly keepsText: boolean;
  readonly commands: readonly ListedCommand[];
}

interface RunningTurn {
  readonly prompt: string;
  readonly result: Deferred<TurnResult>;
  isInterrupted: boolean;
}

/** One `claude` in stream-json mode, driven by the Agent SDK. Made once the host has said that it takes prompts. */
export class ClaudeSession implements AgentSession {
  readonly pid: number;
  readonly ended: Promise<AgentExit>;
  /** What the host asks about its calls. */
  readonly gate: ToolGate;
  readonly #launch: AgentLaunch;
  readonly #query: Query;
  readonly #input: Channel<UserMessage>;
  readonly #host: HostFacts;
  readonly #process: ClaudeProcess;
  readonly #fold: TurnFold;
  readonly #base: Spending;
  #conversation: string;
  #total: Spending;
  #turn: RunningTurn | undefined;
  #closing: Promise<AgentExit> | undefined;
  #hasEnded = false;

  constructor(
    launch: AgentLaunch,
    {
      query,
      input,
      process,
      host,
      total,
    }: {
      query: Query;
      input: Channel<UserMessage>;
      process: ClaudeProcess;
      host: HostFacts;
      total: Spending;
    },
  ) {
    this.#launch = launch;
    this.#query = query;
    this.#input = input;
    this.#process = process;
    this.#host = host;
    this.#base = total;
    this.#total = total;
    this.#fold = new TurnFold({ total, now: () => performance.now() });
    this.gate = new ToolGate({
      decide: launch.decide,
      fold: this.#fold,
      keepsText: host.keepsText,
      onTurnEnded: () => this.#markInterrupted(),
      interrupt: async () => await this.interrupt(),
    });
    this.pid = process.pid;
    this.#conversation = launch.conversation;
    this.ended = this.#followToTheEnd();
    void this.#letGoOfOutput();
  }

  get conversation(): string {
    return this.#conversation;
  }

  get steps(): number {
    return this.#fold.soFar(this.#total).steps;
  }

  get hasEnded(): boolean {
    return this.#hasEnded;
  }

  asGiven(text: string): string {
    return this.#host.keepsText ? text : literalText(text);
  }

  async commandCall(text: string): Promise<ToolCall> {
    return await commandCall(text, { commands: this.#host.commands, cwd: this.#launch.cwd });
  }

  async run(prompt: string, { asCommand = false }: { asCommand?: boolean } = {}): Promise<TurnResult> {
    this.#checkAlive();
    if (this.#turn !== undefined) {
      throw new CahootsError('agent-busy', 'The session is in the middle of a turn.', {
        remedy: 'Wait for its end, or interrupt it.',
      });
    }
    const uuid = randomUUID();
    const turn: RunningTurn = { prompt: uuid, result: deferred(), isInterrupted: false };
    this.#turn = turn;
    this.gate.clear();
    this.#fold.begin();
    this.#input.push({
      type: 'user',
      message: { role: 'user', content: asCommand || this.#host.keepsText ? prompt : literalPrompt(prompt) },
      parent_tool_use_id: null,
      uuid,
      ...(!asCommand && { client_composed: true }),
    });
    return turn.result.promise;
  }

  async interrupt({ graceMs = 5_000 }: { graceMs?: number } = {}): Promise<void> {
    const turn = this.#turn;
    if (turn === undefined) return;
    turn.isInterrupted = true;
    const deadlineMs = performance.now() + graceMs;
    while (!turn.result.settled && performance.now() < deadlineMs) {
      // A prompt that the host has not begun with is still queued after this; then it is asked again.
      this.#query.interrupt().catch(() => undefined);
      const leftMs = deadlineMs - performance.now();
      await settlesWithin(turn.result.promise, Math.min(INTERRUPT_AGAIN_MS, leftMs));
    }
    if (!turn.result.settled) await this.close({ graceMs: 0 });
    await turn.result.promise;
  }

  async setModel(
    model: string | undefined,
    { answerMs = 10_000 }: { answerMs?: number } = {},
  ): Promise<void> {
    this.#checkAlive();
    const set = this.#query.setModel(model).catch((error: unknown) => {
      this.#checkAlive();
      throw error;
    });
    if (await settlesWithin(set, answerMs)) return;
    set.catch(() => undefined);
    throw new CahootsError(
      'wait-timeout',
      `The process of the session did not answer within ${answerMs / 1_000} s.`,
      { remedy: 'Interrupt the session, or stop and resume it.', facts: { pid: this.pid } },
    );
  }

  async used(): Promise<AgentUse> {
    if (!this.#hasEnded) await this.#lookAtUsage();
    return { spent: spentBetween(this.#base, this.#total), turn: this.#fold.soFar(this.#total) };
  }

  close({ graceMs = 3_000 }: { graceMs?: number } = {}): Promise<AgentExit> {
    this.#closing ??= this.#close(graceMs);
    return this.#closing;
  }

  #markInterrupted(): void {
    if (this.#turn !== undefined) this.#turn.isInterrupted = true;
  }

  async #lookAtUsage(): Promise<void> {
    const asked = totalSpent(this.#query).then((total) => (this.#total = total));
    await settlesWithin(
      asked.catch(() => undefined),
      USAGE_MS,
    );
  }

  async #close(graceMs: number): Promise<AgentExit> {
    this.#input.close();
    this.#query.close();
    await this.#process.end({ afterMs: graceMs, graceMs });
    return this.ended;
  }

  /** Something that the process left may hold its output open: what it still had to say has come by then. */
  async #letGoOfOutput(): Promise<void> {
    await this.#process.exited;
    if (!(await settlesWithin(this.ended, AFTER_EXIT_MS))) this.#query.close();
  }

  async #followToTheEnd(): Promise<AgentExit> {
    try {
      for await (const message of this.#query) this.#readSafely(message);
    } catch {
      // It says that the process has ended with an error, or that it was closed: the exit tells.
    }
    this.#input.close();
    // A host that has closed its output and goes on is of no use.
    await this.#process.end({ afterMs: 2_000, graceMs: 1_000 });
    const { code, signal } = await this.#process.exited;
    this.#hasEnded = true;
    this.#settle();
    const cause = this.#closing === undefined ? 'crashed' : 'closed';
    return { cause, code, signal, stderr: this.#process.stderr };
  }

  /** What a host says in a shape that is not known costs nothing but its news. */
  #readSafely(message: SDKMessage): void {
    try {
      this.#read(message);
    } catch (error) {
      if (!(error instanceof TypeError)) throw error;
    }
  }

  #read(message: SDKMessage): void {
    this.#follow(message);
    const { events, ended } = this.#fold.read(message);
    for (const event of events) this.#tell(event);
    if (message.type === 'result') this.#total = totalOf(message);
    if (ended === undefined) return;
    const turn = this.#turn;
    const isOurs = ended.answers === undefined || turn === undefined || ended.answers.includes(turn.prompt);
    if (turn === undefined || !isOurs) {
      this.#tell({ type: 'turn:unasked', result: ended.result });
      return;
    }
    this.#turn = undefined;
    turn.result.resolve(turn.isInterrupted ? asInterrupted(ended.result) : ended.result);
  }

  /** Every message names the conversation that it belongs to; a new one is told of by the first that the host begins. */
  #follow(message: SDKMessage): void {
    const conversation = conversationOf(message);
    if (conversation === undefined || conversation === this.#conversation) return;
    this.#conversation = conversation;
    this.#tell({ type: 'conversation:changed', conversation });
  }

  #settle(): void {
    const turn = this.#turn;
    if (turn === undefined) return;
    this.#turn = undefined;
    const message =
      `The process of the session ended in the middle of the turn. ${this.#process.stderr}`.trim();
    turn.result.resolve(
      this.#fold.cutOff(
        turn.isInterrupted
          ? { status: 'interrupted' }
          : { status: 'failed', failure: { kind: 'agent-ended', message } },
        this.#total,
      ),
    );
  }

  #tell(event: Parameters<AgentLaunch['onEvent']>[0]): void {
    try {
      this.#launch.onEvent(event);
    } catch {
      // A listener's fault is not the session's.
    }
  }

  #checkAlive(): void {
    if (!this.#hasEnded && this.#closing === undefined) return;
    throw new CahootsError('agent-ended', 'The process of the session has ended.', {
      remedy: 'Resume the session.',
    });
  }
}

/** The conversation that the host is in, where a message says so. The id that a reset announces is not that of a record. */
function conversationOf(message: SDKMessage): string | undefined {
  const tells = message.type === 'result' || (message.type === 'system' && message.subtype === 'init');
  return tells && message.session_id !== '' ? message.session_id : undefined;
}

/** What the host's totals stand at now. */
export async function totalSpent(query: Query): Promise<Spending> {
  const { session } = await query.usage_EXPERIMENTAL_MAY_CHANGE_DO_NOT_RELY_ON_THIS_API_YET({
    skipBehaviors: true,
  });
  return totalOf({ total_cost_usd: session.total_cost_usd, modelUsage: session.model_usage });
}

/** A turn that had its end while it was being interrupted is what it is; one that was cut off is interrupted. */
function asInterrupted(result: TurnResult): TurnResult {
  if (result.status !== 'failed') return result;
  const { failure: _, ...facts } = result;
  return { ...facts, status: 'interrupted' };
}
