import { settlesWithin, signalProcess, stopProcess } from '../lib/stop-process.ts';
import { type ClaudeLaunch, claudeCommand } from './claude-launch.ts';
import { DebugLog } from './debug-log.ts';
import {
  findTranscript,
  type HostRegistryEntry,
  type RecordMatch,
  readHostRegistry,
  readRecords,
  waitForRecord,
} from './host-files.ts';
import type { JsonObject } from './json.ts';
import { type ExitFacts, startTerminal, type Terminal } from './terminal.ts';
import { waitFor } from './wait-for.ts';

/** How an interactive session is started. */
export interface InteractiveLaunch extends ClaudeLaunch {
  readonly columns?: number;
  readonly rows?: number;
}

/** What the session says it is doing. `starting` until it has registered itself. */
export type HostStatus = 'starting' | 'idle' | 'busy' | 'waiting' | 'shell' | (string & {});

/** A live `claude` session in a pseudo-terminal: a person's session, with the test as the person. */
export interface InteractiveClaude extends Terminal {
  /** Types the text, waits until the prompt shows it, presses enter, and waits until it has left the prompt. */
  submit(text: string): Promise<void>;
  /** Resolves when the prompt is there and the session says that it is idle; rejects showing the screen. */
  waitUntilReady(options?: { timeoutMs?: number }): Promise<void>;
  /** Resolves once an MCP server is connected, so that the next request offers its tools; `plugin:<plugin>:<server>`. */
  waitForServer(name: string, options?: { timeoutMs?: number }): Promise<void>;
  /** The host's debug log so far; empty unless the launch asked for one. */
  debugLog(): string;
  /** Waits for a status of the host's registry, which lags behind the screen: see `waitUntilReady` for idle. */
  waitForStatus(status: HostStatus, options?: { timeoutMs?: number }): Promise<void>;
  status(): HostStatus;
  /** The conversation's id, from the host's registry; it changes with `/clear`. Throws before the session registered. */
  sessionId(): string;
  /** The registry entry as it stands. */
  registryEntry(): HostRegistryEntry | undefined;
  /** The file of the present conversation; `undefined` before its first record. */
  transcriptPath(): string | undefined;
  /** The records of the present conversation so far. */
  transcript(): readonly JsonObject[];
  /** The first record of the present conversation that matches; the host writes records with some delay. */
  waitForRecord(match: RecordMatch, options?: { timeoutMs?: number }): Promise<JsonObject>;
  /** The text that stands in the prompt, unsent. */
  draft(): string;
  /** Leaves as a person does (ctrl-c until it goes), then SIGTERM, then SIGKILL to the group. Idempotent. */
  stop(): Promise<ExitFacts>;
  /** SIGKILL to the `claude` process alone: a crash. Its children notice by themselves or are found by the home. */
  kill(): Promise<ExitFacts>;
  [Symbol.asyncDispose](): Promise<void>;
}

/** Starts `claude` in a pseudo-terminal. It resolves as soon as the process runs: see `waitUntilReady`. */
export async function startInteractiveClaude(launch: InteractiveLaunch): Promise<InteractiveClaude> {
  const { file, args, cwd, env, debugFile } = claudeCommand(launch);
  const { columns, rows } = launch;
  const terminal = await startTerminal({
    file,
    args,
    cwd,
    env,
    ...(columns && { columns }),
    ...(rows && { rows }),
  });
  launch.home.track(terminal.pid);
  return new TerminalSession(terminal, { home: launch.home.home, debugLog: new DebugLog(debugFile) });
}

class TerminalSession implements InteractiveClaude {
  readonly pid: number;
  readonly exited: Promise<ExitFacts>;
  readonly screen: Terminal['screen'];
  readonly raw: Terminal['raw'];
  readonly type: Terminal['type'];
  readonly press: Terminal['press'];
  readonly waitForScreen: Terminal['waitForScreen'];
  readonly hangUp: Terminal['hangUp'];
  readonly #terminal: Terminal;
  readonly #home: string;
  readonly #debugLog: DebugLog;
  #stopped: Promise<ExitFacts> | undefined;

  constructor(terminal: Terminal, { home, debugLog }: { home: string; debugLog: DebugLog }) {
    this.#terminal = terminal;
    this.#home = home;
    this.#debugLog = debugLog;
    this.pid = terminal.pid;
    this.exited = terminal.exited;
    this.screen = terminal.screen.bind(terminal);
    this.raw = terminal.raw.bind(terminal);
    this.type = terminal.type.bind(terminal);
    this.press = terminal.press.bind(terminal);
    this.waitForScreen = terminal.waitForScreen.bind(terminal);
    this.hangUp = terminal.hangUp.bind(terminal);
  }

  get hasExited(): boolean {
    return this.#terminal.hasExited;
  }

  async submit(text: string): Promise<void> {
    const isLong = text.length > 400 || text.includes('\n');
    this.type(isLong ? `\u001b[200~${text}\u001b[201~` : text);
    const shown = squeeze(text).slice(-30);
    await this.waitForScreen(
      () => squeeze(this.draft()).includes(shown) || (isLong && /\[Pasted text/.test(this.draft())),
    );
    this.press('enter');
    await this.waitForScreen(
      () => !squeeze(this.draft()).includes(shown) && !/\[Pasted text/.test(this.draft()),
    );
  }

  async waitUntilReady({ timeoutMs = 20_000 }: { timeoutMs?: number } = {}): Promise<void> {
    // The registry lags behind the screen by some ten milliseconds: alone it would still say idle after a submit.
    const isReady = (screen: string): boolean =>
      this.status() === 'idle' && promptOf(screen) !== undefined && !screen.includes('esc to interrupt');
    await this.waitForScreen(isReady, { timeoutMs });
  }

  waitForServer(name: string, options?: { timeoutMs?: number }): Promise<void> {
    return this.#debugLog.waitForServer(name, options);
  }

  debugLog(): string {
    return this.#debugLog.text();
  }

  async waitForStatus(
    status: HostStatus,
    { timeoutMs = 15_000 }: { timeoutMs?: number } = {},
  ): Promise<void> {
    const explain = (): string => `its status is '${this.status()}'; the screen:\n${this.screen()}`;
    await waitFor(() => this.status() === status, {
      what: `the status '${status}' of process ${this.pid}`,
      timeoutMs,
      explain,
    });
  }

  status(): HostStatus {
    return this.registryEntry()?.status || 'starting';
  }

  sessionId(): string {
    const id = this.registryEntry()?.sessionId;
    if (!id)
      throw new Error(
        `claude (process ${this.pid}) has not registered a session: wait with waitUntilReady()`,
      );
    return id;
  }

  registryEntry(): HostRegistryEntry | undefined {
    return readHostRegistry(this.#home, this.pid);
  }

  transcriptPath(): string | undefined {
    return findTranscript(this.#home, this.sessionId());
  }

  transcript(): readonly JsonObject[] {
    const path = this.transcriptPath();
    return path === undefined ? [] : readRecords(path);
  }

  waitForRecord(match: RecordMatch, options?: { timeoutMs?: number }): Promise<JsonObject> {
    return waitForRecord(() => this.transcript(), match, options);
  }

  draft(): string {
    return promptOf(this.screen()) ?? '';
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
    await stopProcess({ pid: this.pid, exited: this.exited, ask: () => this.#leave() });
    return this.exited;
  }

  /** The first ctrl-c ends what runs or clears the draft, two in a row leave; a dialog has to be cancelled before. */
  async #leave(): Promise<void> {
    for (let presses = 0; presses < 12 && !this.hasExited; presses += 1) {
      this.press(this.status() === 'waiting' ? 'escape' : 'ctrl-c');
      // Not faster: a key right behind an escape character would be read as one with it.
      if (await settlesWithin(this.exited, 300)) return;
    }
  }
}

/** The text in the prompt box: between the two rules at the bottom, behind the prompt sign. */
function promptOf(screen: string): string | undefined {
  const lines = screen.split('\n');
  const isRule = (line: string): boolean => /^\s*[─━]{10,}/.test(line);
  const bottom = lines.findLastIndex(isRule);
  const top = lines.slice(0, Math.max(bottom, 0)).findLastIndex(isRule);
  const inside = lines.slice(top + 1, bottom);
  if (top < 0 || !/^\s*[❯>]/.test(inside[0] ?? '')) return undefined;
  return inside.join('\n').replace(/^\s*[❯>]\s?/, '');
}

function squeeze(text: string): string {
  return text.replaceAll(/\s+/g, '');
}
