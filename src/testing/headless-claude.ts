import type { ChildProcess } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { createInterface } from 'node:readline';
import { signalProcess, stopProcess } from '../lib/stop-process.ts';
import { type ClaudeLaunch, claudeCommand } from './claude-launch.ts';
import { DebugLog } from './debug-log.ts';
import { findTranscript, parseObject, type RecordMatch, readRecords, waitForRecord } from './host-files.ts';
import { isJsonObject, type JsonObject, stringOr } from './json.ts';
import { type SpawnedClaude, spawnClaude } from './spawn-claude.ts';
import type { ExitFacts } from './terminal.ts';
import { waitFor } from './wait-for.ts';

/** A host's answer to a permission request of the session. */
export type PermissionAnswer =
  | { readonly behavior: 'allow'; readonly updatedInput?: JsonObject }
  | { readonly behavior: 'deny'; readonly message: string };

/** How a headless session is started. */
export interface HeadlessLaunch extends ClaudeLaunch {
  /** With a prompt it is one-shot (`-p <prompt>`) and ends by itself; without one it streams both ways. */
  readonly prompt?: string;
  /** Answers permission requests of a streaming session; left out, what would ask is denied. */
  readonly onPermission?: (tool: string, input: JsonObject) => PermissionAnswer | Promise<PermissionAnswer>;
}

/** The last event of a turn, as the session states it. */
export interface HeadlessResult {
  readonly text: string;
  readonly isError: boolean;
  /** `success`, `error_during_execution`, `error_max_turns`, … */
  readonly subtype: string;
  readonly event: JsonObject;
}

/** A `claude -p` process whose events are read as they come. */
export interface HeadlessClaude {
  readonly pid: number;
  readonly exited: Promise<ExitFacts>;
  readonly hasExited: boolean;
  /** Every event so far, in order. */
  readonly events: readonly JsonObject[];
  readonly stderr: string;
  /** The first event, from position `from` on, for which the claim holds; one that has already come counts. */
  waitForEvent(claim: (event: JsonObject) => boolean, options?: WaitForEventOptions): Promise<JsonObject>;
  /** The result with that number, from 0; without a number the next one that nobody has waited for. */
  waitForResult(options?: { number?: number; timeoutMs?: number }): Promise<HeadlessResult>;
  /** Resolves once the session has stated its id, which it does with the first turn. */
  sessionId(options?: { timeoutMs?: number }): Promise<string>;
  /** The records of the conversation's transcript so far. */
  transcript(): Promise<readonly JsonObject[]>;
  /** The first record of the transcript that matches; the host writes records with some delay. */
  waitForRecord(match: RecordMatch, options?: { timeoutMs?: number }): Promise<JsonObject>;
  /** Resolves once an MCP server is connected, so that the next request offers its tools; `plugin:<plugin>:<server>`. */
  waitForServer(name: string, options?: { timeoutMs?: number }): Promise<void>;
  /** The host's debug log so far; empty unless the launch asked for one. */
  debugLog(): string;
  /** Sends a user message to a streaming session. */
  send(text: string): void;
  /** Sends, and waits for the next result. */
  ask(text: string, options?: { timeoutMs?: number }): Promise<HeadlessResult>;
  /** Sends a control request (`interrupt`, `set_model`, …) and waits for its response. */
  control(request: JsonObject, options?: { timeoutMs?: number }): Promise<JsonObject>;
  /** Interrupts the running turn; its result comes as `error_during_execution`. */
  interrupt(options?: { timeoutMs?: number }): Promise<JsonObject>;
  /** Closes its input, then SIGTERM, then SIGKILL to the group. Idempotent. */
  stop(): Promise<ExitFacts>;
  /** SIGKILL to the `claude` process alone: a crash. */
  kill(): Promise<ExitFacts>;
  [Symbol.asyncDispose](): Promise<void>;
}

/** Which events are looked at, and for how long. */
export interface WaitForEventOptions {
  readonly timeoutMs?: number;
  readonly from?: number;
  readonly what?: string;
}

/** Starts `claude` without a terminal. Both forms write stream-json, so that each step can be waited for. */
export async function startHeadlessClaude(launch: HeadlessLaunch): Promise<HeadlessClaude> {
  const { home, prompt, onPermission } = launch;
  const input = prompt === undefined ? ['--input-format', 'stream-json'] : [];
  const asking = onPermission === undefined ? [] : ['--permission-prompt-tool', 'stdio'];
  const command = claudeCommand(launch, [
    '-p',
    ...input,
    '--output-format',
    'stream-json',
    '--verbose',
    ...asking,
  ]);
  // Behind `--`, because options that take several values would swallow the prompt.
  const args = prompt === undefined ? command.args : [...command.args, '--', prompt];
  const spawned = await spawnClaude(
    { ...command, args },
    { home, stdin: prompt === undefined ? 'pipe' : 'ignore' },
  );
  const debugLog = new DebugLog(command.debugFile);
  return new StreamingSession(spawned, { home: home.home, onPermission, debugLog });
}

class StreamingSession implements HeadlessClaude {
  readonly pid: number;
  readonly exited: Promise<ExitFacts>;
  readonly events: JsonObject[] = [];
  hasExited = false;
  stderr = '';
  readonly #child: ChildProcess;
  readonly #home: string;
  readonly #debugLog: DebugLog;
  readonly #onPermission: HeadlessLaunch['onPermission'];
  #resultsTaken = 0;
  #stopped: Promise<ExitFacts> | undefined;

  constructor(
    { child, pid, exited }: SpawnedClaude,
    {
      home,
      onPermission,
      debugLog,
    }: { home: string; onPermission: HeadlessLaunch['onPermission']; debugLog: DebugLog },
  ) {
    this.#child = child;
    this.#home = home;
    this.#debugLog = debugLog;
    this.#onPermission = onPermission;
    this.pid = pid;
    this.exited = exited.finally(() => (this.hasExited = true));
    // A session that dies while it is written to is seen by its exit.
    child.stdin?.on('error', (error) => (this.stderr += `[its input: ${error.message}]\n`));
    child.stderr?.setEncoding('utf8').on('data', (text: string) => (this.stderr += text));
    if (child.stdout !== null)
      createInterface({ input: child.stdout }).on('line', (line) => this.#read(line));
  }

  waitForEvent(
    claim: (event: JsonObject) => boolean,
    { timeoutMs = 15_000, from = 0, what = 'an event' }: WaitForEventOptions = {},
  ): Promise<JsonObject> {
    return waitFor(() => this.events.slice(from).find(claim), {
      what: `${what} of claude ${this.pid}`,
      timeoutMs,
      explain: () => this.#summary(),
      hopeless: () => (this.hasExited ? 'the process has exited' : undefined),
    });
  }

  async waitForResult(options: { number?: number; timeoutMs?: number } = {}): Promise<HeadlessResult> {
    const number = options.number ?? this.#resultsTaken;
    this.#resultsTaken = Math.max(this.#resultsTaken, number + 1);
    const results = (): JsonObject[] => this.events.filter((event) => event.type === 'result');
    const { timeoutMs } = options;
    await this.waitForEvent(() => results().length > number, {
      what: `result ${number}`,
      ...(timeoutMs !== undefined && { timeoutMs }),
    });
    const event = results()[number] ?? {};
    return {
      text: stringOr(event.result),
      isError: event.is_error === true,
      subtype: stringOr(event.subtype),
      event,
    };
  }

  async sessionId(options: { timeoutMs?: number } = {}): Promise<string> {
    const event = await this.waitForEvent((candidate) => typeof candidate.session_id === 'string', {
      ...options,
      what: 'the session id',
    });
    return stringOr(event.session_id);
  }

  async transcript(): Promise<readonly JsonObject[]> {
    const path = findTranscript(this.#home, await this.sessionId());
    return path === undefined ? [] : readRecords(path);
  }

  waitForRecord(match: RecordMatch, options?: { timeoutMs?: number }): Promise<JsonObject> {
    return waitForRecord(() => this.transcript(), match, options);
  }

  waitForServer(name: string, options?: { timeoutMs?: number }): Promise<void> {
    return this.#debugLog.waitForServer(name, options);
  }

  debugLog(): string {
    return this.#debugLog.text();
  }

  send(text: string): void {
    this.#write({ type: 'user', message: { role: 'user', content: text } });
  }

  ask(text: string, options?: { timeoutMs?: number }): Promise<HeadlessResult> {
    this.send(text);
    return this.waitForResult(options);
  }

  async control(request: JsonObject, options: { timeoutMs?: number } = {}): Promise<JsonObject> {
    const id = randomUUID();
    this.#write({ type: 'control_request', request_id: id, request });
    const isAnswer = (event: JsonObject): boolean =>
      event.type === 'control_response' && isJsonObject(event.response) && event.response.request_id === id;
    const event = await this.waitForEvent(isAnswer, {
      ...options,
      what: `the answer to ${stringOr(request.subtype)}`,
    });
    return isJsonObject(event.response) ? event.response : {};
  }

  interrupt(options?: { timeoutMs?: number }): Promise<JsonObject> {
    return this.control({ subtype: 'interrupt' }, options);
  }

  stop(): Promise<ExitFacts> {
    this.#stopped ??= this.#stop();
    return this.#stopped;
  }

  async kill(): Promise<ExitFacts> {
    if (!this.hasExited) signalProcess(this.pid, 'SIGKILL');
    return this.exited;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }

  async #stop(): Promise<ExitFacts> {
    // A one-shot session has no input to close: it is asked by the first signal.
    const { stdin } = this.#child;
    const ask = (): void => {
      if (stdin !== null) stdin.end();
      else if (!this.hasExited) signalProcess(this.pid, 'SIGTERM');
    };
    await stopProcess({ pid: this.pid, exited: this.exited, ask });
    return this.exited;
  }

  #read(line: string): void {
    const event = parseObject(line);
    if (event === undefined) {
      this.stderr += `[no event: ${line}]\n`;
      return;
    }
    this.events.push(event);
    if (event.type === 'control_request') void this.#answerControl(event);
  }

  async #answerControl({ request_id: id, request }: JsonObject): Promise<void> {
    const asked = isJsonObject(request) && request.subtype === 'can_use_tool' ? request : undefined;
    if (asked === undefined || this.#onPermission === undefined) {
      const error = 'the test bench answers permission requests only';
      this.#write({ type: 'control_response', response: { subtype: 'error', request_id: id, error } });
      return;
    }
    const input = isJsonObject(asked.input) ? asked.input : {};
    const answer = await askPermission(this.#onPermission, { tool: stringOr(asked.tool_name), input });
    const response = answer.behavior === 'allow' ? { updatedInput: input, ...answer } : answer;
    this.#write({ type: 'control_response', response: { subtype: 'success', request_id: id, response } });
  }

  #write(line: JsonObject): void {
    const { stdin } = this.#child;
    if (stdin === null)
      throw new Error('this session was started with a prompt and takes no more: start it without one');
    if (this.hasExited)
      throw new Error(`claude ${this.pid} has exited and takes no more; ${this.#summary()}`);
    stdin.write(`${JSON.stringify(line)}\n`);
  }

  #summary(): string {
    const events = this.events.map((event) => JSON.stringify(event).slice(0, 300));
    return [
      `${events.length} events had come, the last:`,
      ...events.slice(-8),
      `stderr: ${this.stderr.slice(-2_000)}`,
    ].join('\n');
  }
}

async function askPermission(
  onPermission: NonNullable<HeadlessLaunch['onPermission']>,
  { tool, input }: { tool: string; input: JsonObject },
): Promise<PermissionAnswer> {
  try {
    return await onPermission(tool, input);
  } catch (error) {
    return { behavior: 'deny', message: `the test's permission handler threw: ${String(error)}` };
  }
}
