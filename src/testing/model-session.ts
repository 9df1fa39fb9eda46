import type { IncomingHttpHeaders, ServerResponse } from 'node:http';
import { type JsonObject, stringOr } from './json.ts';
import { type ModelAnswer, type ToolCall, toAnswer } from './model-reply.ts';
import { echo, type ModelRule } from './model-rules.ts';
import {
  type ModelTurn,
  OWN_STEP_PREFIX,
  readTurn,
  type SeenBlocks,
  type TurnKind,
  textOfMessages,
} from './model-turn.ts';
import { writeAnswer, writeError } from './model-wire.ts';
import { timeoutError } from './wait-for.ts';

/** How often and how long the bench waits, between two requests, for a tool that a rule calls to be offered. */
const MAX_IDLE_STEPS = 50;
const IDLE_STEP_MS = 100;

/** One request for an answer, as it arrived. */
export interface RecordedRequest {
  /** Position among the session's requests, from 0. */
  readonly index: number;
  readonly kind: TurnKind;
  readonly turn: ModelTurn;
  /** Every text of every message in it, decoded. */
  readonly text: string;
  readonly body: JsonObject;
  readonly headers: IncomingHttpHeaders;
  /** Arrival of the request line by `performance.now()` of this process. */
  readonly atMs: number;
  /** The same moment as milliseconds since 1970, with fractions: comparable with other processes of the machine. */
  readonly epochMs: number;
  /** `open` until answered; `aborted` when the connection ended first. */
  readonly outcome: 'open' | 'answered' | 'aborted';
}

/** What is looked for in a request: its text, or any claim about it. */
export type RequestMatch = string | RegExp | ((request: RecordedRequest) => boolean);

/** The fake API as one `claude` session sees it. */
export interface ModelSession {
  readonly name: string;
  /** For `ANTHROPIC_BASE_URL`. */
  readonly baseUrl: string;
  /** The variables that point a `claude` at this session and keep it on loopback. */
  readonly env: Readonly<Record<string, string>>;
  /** All requests so far, side calls included, in order of arrival. */
  readonly requests: readonly RecordedRequest[];
  /** The requests of the conversation itself (`kind` main). */
  readonly turns: readonly RecordedRequest[];
  /** Errors thrown by rules; each of those requests was answered with status 400, which the host does not retry. */
  readonly scriptErrors: readonly unknown[];
  /** Replaces the rules. They are asked in order for main and subagent turns; what none answers is echoed. */
  script(...rules: readonly ModelRule[]): void;
  /** Replaces the rules for side calls (titles and the like), which are otherwise answered with a title. */
  scriptAuxiliary(...rules: readonly ModelRule[]): void;
  /** The first request, from position `from` on, that matches; one that has already arrived counts. */
  waitForRequest(
    match: RequestMatch,
    options?: { timeoutMs?: number; from?: number },
  ): Promise<RecordedRequest>;
}

type MutableRequest = { -readonly [K in keyof RecordedRequest]: RecordedRequest[K] } & {
  readonly seen: SeenBlocks;
};

interface Waiter {
  readonly offer: (request: RecordedRequest) => void;
  readonly reject: (error: Error) => void;
}

/** The server's side of a `ModelSession`. */
export class ScriptedSession implements ModelSession {
  readonly name: string;
  readonly baseUrl: string;
  readonly env: Readonly<Record<string, string>>;
  readonly requests: MutableRequest[] = [];
  readonly scriptErrors: unknown[] = [];
  readonly #waiters = new Set<Waiter>();
  /** Calls of tools that are not there yet, which wait for a step of the bench's own, by the id of that step. */
  readonly #heldCalls = new Map<string, { answer: ModelAnswer; steps: number }>();
  /** Ids of the calls that were answered after a search: their rule has spoken, and what came since has no answer. */
  readonly #bridgedCalls = new Set<string>();
  /** What the rules have seen of each conversation since its last answer. */
  readonly #seen = new Map<string, SeenBlocks>();
  #rules: readonly ModelRule[] = [];
  #auxiliaryRules: readonly ModelRule[] = [];
  #callCount = 0;

  constructor(name: string, { origin }: { origin: string }) {
    this.name = name;
    this.baseUrl = `${origin}/s/${name}`;
    this.env = { ANTHROPIC_BASE_URL: this.baseUrl, ...onlyLoopback(origin) };
  }

  get turns(): readonly RecordedRequest[] {
    return this.requests.filter((request) => request.kind === 'main');
  }

  script(...rules: readonly ModelRule[]): void {
    this.#rules = rules;
  }

  scriptAuxiliary(...rules: readonly ModelRule[]): void {
    this.#auxiliaryRules = rules;
  }

  waitForRequest(
    match: RequestMatch,
    { timeoutMs = 15_000, from = 0 }: { timeoutMs?: number; from?: number } = {},
  ): Promise<RecordedRequest> {
    const found = this.requests.slice(from).find((request) => matches(request, match));
    if (found !== undefined) return Promise.resolve(found);
    return new Promise((resolve, reject) => {
      const waiter: Waiter = {
        offer: (request) => {
          if (request.index < from || !matches(request, match)) return;
          settle();
          resolve(request);
        },
        reject: (error) => {
          settle();
          reject(error);
        },
      };
      const settle = (): void => {
        clearTimeout(timer);
        this.#waiters.delete(waiter);
      };
      const timer = setTimeout(() => {
        const what = `a request of session '${this.name}' with ${String(match)}`;
        waiter.reject(timeoutError({ what, timeoutMs, explain: () => this.#summary() }));
      }, timeoutMs);
      this.#waiters.add(waiter);
    });
  }

  /** Records the request, asks the rules, writes the answer. */
  async answer(
    response: ServerResponse,
    { body, headers, atMs }: { body: JsonObject; headers: IncomingHttpHeaders; atMs: number },
  ): Promise<void> {
    const request = this.#record({ body, headers, atMs });
    response.once('close', () => {
      request.outcome = response.writableFinished ? 'answered' : 'aborted';
    });
    let answer: ModelAnswer;
    try {
      answer = await this.#decide(request);
    } catch (error) {
      this.scriptErrors.push(error);
      writeError(response, { status: 400, message: `a rule of the scripted model threw: ${String(error)}` });
      return;
    }
    await writeAnswer(response, {
      messageId: `msg_${this.name}_${request.index}`,
      model: stringOr(body.model, 'scripted'),
      stream: body.stream === true,
      requestLength: JSON.stringify(body).length,
      answer,
      calls: (answer.calls ?? []).map((call) => ({
        tool: call.tool,
        input: call.input ?? {},
        id: call.id ?? this.#callId(),
      })),
    });
  }

  /** Ends every wait with an error that says so. */
  close(): void {
    for (const waiter of this.#waiters)
      waiter.reject(new Error(`the model API was closed while session '${this.name}' was waited for`));
  }

  #record({
    body,
    headers,
    atMs,
  }: {
    body: JsonObject;
    headers: IncomingHttpHeaders;
    atMs: number;
  }): MutableRequest {
    const conversationId = stringOr(headers['x-claude-code-session-id']);
    const agentId = stringOr(headers['x-claude-code-agent-id']);
    const before = this.#seen.get(conversationKey({ conversationId, agentId }));
    const { turn, seen } = readTurn(body, {
      conversationId,
      agentId,
      isBridge: (id) => id.startsWith(OWN_STEP_PREFIX) || this.#bridgedCalls.has(id),
      ...(before !== undefined && { seen: before }),
    });
    const request: MutableRequest = {
      index: this.requests.length,
      kind: turn.kind,
      turn,
      seen,
      text: textOfMessages(body),
      body,
      headers,
      atMs,
      epochMs: performance.timeOrigin + atMs,
      outcome: 'open',
    };
    this.requests.push(request);
    for (const waiter of this.#waiters) waiter.offer(request);
    return request;
  }

  async #decide({ turn, seen }: MutableRequest): Promise<ModelAnswer> {
    if (turn.kind === 'title' || turn.kind === 'auxiliary') {
      const answer = await firstReply(this.#auxiliaryRules, turn);
      return answer ?? { text: JSON.stringify({ title: 'Scripted session' }) };
    }
    const held = this.#takeHeldCalls(turn);
    if (held !== undefined) return held;
    this.#seen.set(conversationKey(turn), seen);
    const answer = (await firstReply([...this.#rules, echo], turn)) ?? {};
    return this.#untilOffered(turn, answer);
  }

  /**
   * A deferred tool has no schema yet and its call would fail: the bench loads it first, as a real model would. A tool
   * of a server that the host has not published yet is in neither list: the bench takes a step that does nothing, and
   * the host offers it with one of the next requests.
   */
  #untilOffered(turn: ModelTurn, answer: ModelAnswer, steps = 0): ModelAnswer {
    const tools = (answer.calls ?? []).map((call) => call.tool);
    const deferred = steps === 0 ? tools.filter((tool) => isDeferred(turn, tool)) : [];
    const isAwaited = steps < MAX_IDLE_STEPS && tools.some((tool) => isUnpublished(turn, tool));
    if (deferred.length === 0 && !isAwaited) return answer;
    const id = `${OWN_STEP_PREFIX}${this.#callId()}`;
    const calls = (answer.calls ?? []).map((call) => ({ ...call, id: call.id ?? this.#callId() }));
    for (const call of calls) this.#bridgedCalls.add(call.id);
    this.#heldCalls.set(id, { answer: { ...answer, calls }, steps: steps + 1 });
    if (isAwaited) return { calls: [{ ...idleStep(turn), id }], delayMs: IDLE_STEP_MS };
    return { calls: [{ tool: 'ToolSearch', input: { query: `select:${deferred.join(',')}` }, id }] };
  }

  #takeHeldCalls(turn: ModelTurn): ModelAnswer | undefined {
    const ids = JSON.stringify(turn.messages.at(-1)?.content ?? '');
    for (const [id, { answer, steps }] of this.#heldCalls) {
      if (!ids.includes(id)) continue;
      this.#heldCalls.delete(id);
      return this.#untilOffered(turn, answer, steps);
    }
    return undefined;
  }

  #callId(): string {
    this.#callCount += 1;
    return `toolu_${this.name.replaceAll(/\W/g, '_')}_${this.#callCount}`;
  }

  #summary(): string {
    const lines = this.requests.map(
      (request) =>
        `  #${request.index} ${request.kind} ${request.outcome}: ${JSON.stringify(lastText(request).slice(-300))}`,
    );
    return [`${lines.length} requests had arrived`, ...lines].join('\n');
  }
}

/** The API is also the proxy of its sessions: it refuses, and so records, whatever wants to leave loopback. */
function onlyLoopback(proxy: string): Record<string, string> {
  const loopback = '127.0.0.1,localhost,::1';
  return {
    HTTPS_PROXY: proxy,
    https_proxy: proxy,
    HTTP_PROXY: proxy,
    http_proxy: proxy,
    NO_PROXY: loopback,
    no_proxy: loopback,
  };
}

function conversationKey({ conversationId, agentId }: Pick<ModelTurn, 'conversationId' | 'agentId'>): string {
  return `${conversationId} ${agentId}`;
}

function isDeferred(turn: ModelTurn, tool: string): boolean {
  return !turn.tools.includes(tool) && turn.tools.includes('ToolSearch') && turn.deferredTools.includes(tool);
}

function isUnpublished(turn: ModelTurn, tool: string): boolean {
  return tool.startsWith('mcp__') && !turn.tools.includes(tool) && !turn.deferredTools.includes(tool);
}

/** A call of a tool of the host's own that changes nothing and asks nobody, in every version known here. */
function idleStep({ tools }: ModelTurn): ToolCall {
  if (tools.includes('TaskList')) return { tool: 'TaskList' };
  if (tools.includes('ToolSearch')) return { tool: 'ToolSearch', input: { query: 'select:Read' } };
  return { tool: 'Bash', input: { command: 'pwd', description: 'a step that changes nothing' } };
}

async function firstReply(rules: readonly ModelRule[], turn: ModelTurn): Promise<ModelAnswer | undefined> {
  for (const rule of rules) {
    const reply = await rule(turn);
    if (reply !== undefined) return toAnswer(reply);
  }
  return undefined;
}

function matches(request: RecordedRequest, match: RequestMatch): boolean {
  if (typeof match === 'string') return request.text.includes(match);
  if (match instanceof RegExp) return request.text.search(match) >= 0;
  return match(request);
}

function lastText(request: RecordedRequest): string {
  return request.turn.newText || request.turn.toolResults.map((result) => result.text).join('\n');
}
