import {
  mkdirSync,
  mkdtempSync,
  readFileSync,
  realpathSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import {
  describeProcesses,
  isAlive,
  type LiveProcess,
  listLiveProcesses,
  type ProcessRoot,
  rootOf,
} from '../lib/live-processes.ts';
import { signalProcess } from '../lib/stop-process.ts';
import { parseObject } from './host-files.ts';
import { isJsonObject } from './json.ts';
import { waitFor } from './wait-for.ts';

/** How a clean home is seeded. */
export interface CleanHomeOptions {
  /** Keys added to `~/.claude.json`, over the seeded ones. */
  readonly state?: Readonly<Record<string, unknown>>;
  /** Written as `~/.claude/settings.json` when given. */
  readonly settings?: Readonly<Record<string, unknown>>;
  /** Further folders, absolute, for which the trust dialog counts as accepted. Projects of the home always are. */
  readonly trust?: readonly string[];
}

/**
 * A home of its own for everything that a test starts: HOME, runtime and temporary folders under one short path, seeded
 * so that `claude` starts without a dialog, and an account of every process that was started with its environment.
 */
export interface CleanHome {
  /** The folder that holds everything; removed by `dispose`. */
  readonly root: string;
  /** The HOME folder. */
  readonly home: string;
  /** The XDG_RUNTIME_DIR folder; sockets below it stay under 100 bytes. */
  readonly runtimeDir: string;
  /** Makes a trusted project folder outside any git repository and returns its real path. `files`: relative path → text. */
  project(name: string, files?: Readonly<Record<string, string>>): string;
  /** Counts the trust dialog of that folder as accepted. Only for folders that no running `claude` has written about. */
  trust(folder: string): void;
  /** A complete environment, built from nothing but PATH and LANG. `undefined` removes a variable. */
  env(extra?: Readonly<Record<string, string | undefined>>): Record<string, string>;
  /** Remembers a process that the home has to account for; the launchers do it by themselves. */
  track(pid: number): void;
  /** Every process that was started through this home and is still alive, grandchildren and orphans included. */
  liveProcesses(): Promise<readonly LiveProcess[]>;
  /** Resolves when nothing of it is alive any more; rejects with the list at the deadline. */
  waitUntilNothingRuns(options?: { timeoutMs?: number }): Promise<void>;
  /**
   * Removes everything. Processes that are still alive after `graceMs` (default 2,000) are killed, the folder is removed
   * all the same, and the promise rejects with their list: a test that leaves something behind fails. Only the first call tells.
   */
  dispose(options?: { graceMs?: number }): Promise<void>;
  [Symbol.asyncDispose](): Promise<void>;
}

/** The key that the seeded state has approved. It opens nothing. */
export const DUMMY_API_KEY = 'sk-ant-dummy-0000000000-cahoots-test-bench';

/** Makes a clean home under the system's temporary folder. */
export function createCleanHome(options: CleanHomeOptions = {}): CleanHome {
  return new TemporaryHome(options);
}

/** One listener for all homes, there only while a home is: many of them would look like a leak. */
const undisposed = new Set<TemporaryHome>();

function sweepAll(): void {
  for (const home of undisposed) home.sweep();
}

class TemporaryHome implements CleanHome {
  readonly root: string;
  readonly home: string;
  readonly runtimeDir: string;
  readonly #temporary: string;
  readonly #stateFile: string;
  readonly #tracked: ProcessRoot[] = [];
  #disposed: Promise<void> | undefined;

  constructor({ state = {}, settings, trust = [] }: CleanHomeOptions) {
    this.root = realpathSync(mkdtempSync(join(tmpdir(), 'ch-')));
    this.home = join(this.root, 'h');
    this.runtimeDir = join(this.root, 'r');
    this.#temporary = join(this.root, 't');
    this.#stateFile = join(this.home, '.claude.json');
    for (const folder of [join(this.home, '.claude'), this.runtimeDir, this.#temporary]) {
      mkdirSync(folder, { recursive: true, mode: 0o700 });
    }
    writeFileSync(this.#stateFile, JSON.stringify({ ...FIRST_RUN_IS_OVER, ...state }, undefined, 2), {
      mode: 0o600,
    });
    if (settings !== undefined) {
      writeFileSync(join(this.home, '.claude', 'settings.json'), JSON.stringify(settings, undefined, 2), {
        mode: 0o600,
      });
    }
    for (const folder of trust) this.trust(folder);
    if (undisposed.size === 0) process.on('exit', sweepAll);
    undisposed.add(this);
  }

  project(name: string, files: Readonly<Record<string, string>> = {}): string {
    const folder = join(this.root, 'p', name);
    mkdirSync(folder, { recursive: true });
    for (const [path, text] of Object.entries(files)) {
      mkdirSync(dirname(join(folder, path)), { recursive: true });
      writeFileSync(join(folder, path), text);
    }
    this.trust(folder);
    return folder;
  }

  trust(folder: string): void {
    const state = parseObject(readFileSync(this.#stateFile, 'utf8')) ?? {};
    const known = isJsonObject(state.projects) ? state.projects : {};
    const before = isJsonObject(known[folder]) ? known[folder] : {};
    const projects = { ...known, [folder]: { ...before, ...TRUSTED } };
    // By rename, because a running host may be reading it.
    writeFileSync(`${this.#stateFile}.new`, JSON.stringify({ ...state, projects }, undefined, 2), {
      mode: 0o600,
    });
    renameSync(`${this.#stateFile}.new`, this.#stateFile);
  }

  env(extra: Readonly<Record<string, string | undefined>> = {}): Record<string, string> {
    const all: Record<string, string | undefined> = {
      ...QUIET,
      HOME: this.home,
      XDG_RUNTIME_DIR: this.runtimeDir,
      TMPDIR: this.#temporary,
      CLAUDE_CODE_TMPDIR: this.#temporary,
      // A repository above the temporary folder would lend the project its branch and its root.
      GIT_CEILING_DIRECTORIES: this.root,
      PATH: [dirname(process.execPath), process.env.PATH].filter(Boolean).join(delimiter),
      LANG: process.env.LANG ?? 'C.UTF-8',
      SHELL: '/bin/bash',
      TERM: 'xterm-256color',
      ANTHROPIC_API_KEY: DUMMY_API_KEY,
      ...extra,
    };
    return Object.fromEntries(
      Object.entries(all).filter((entry): entry is [string, string] => entry[1] !== undefined),
    );
  }

  track(pid: number): void {
    this.#tracked.push(rootOf(pid));
  }

  liveProcesses(): Promise<readonly LiveProcess[]> {
    return listLiveProcesses({ roots: this.#tracked, mark: `HOME=${this.home}` });
  }

  async waitUntilNothingRuns({ timeoutMs = 5_000 }: { timeoutMs?: number } = {}): Promise<void> {
    let alive: readonly LiveProcess[] = [];
    const noneIsAlive = async (): Promise<boolean> => {
      alive = await this.liveProcesses();
      return alive.length === 0;
    };
    const explain = (): string => describeProcesses(alive);
    await waitFor(noneIsAlive, {
      what: `the end of all processes of ${this.root}`,
      timeoutMs,
      intervalMs: 50,
      explain,
    });
  }

  dispose({ graceMs = 2_000 }: { graceMs?: number } = {}): Promise<void> {
    if (this.#disposed !== undefined) return this.#disposed.catch(() => undefined);
    this.#disposed = this.#dispose(graceMs);
    return this.#disposed;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.dispose();
  }

  /** The last resort of a test process that ends without `dispose`: kills what was tracked, removes the folder. */
  sweep(): void {
    for (const root of this.#tracked) if (isAlive(root)) signalProcess(root.pid, 'SIGKILL');
    rmSync(this.root, { recursive: true, force: true });
  }

  async #dispose(graceMs: number): Promise<void> {
    let leftBehind: unknown;
    try {
      await this.waitUntilNothingRuns({ timeoutMs: graceMs });
    } catch (error) {
      leftBehind = error;
      for (const { pid } of await this.liveProcesses()) signalProcess(pid, 'SIGKILL');
      await this.waitUntilNothingRuns();
    } finally {
      rmSync(this.root, { recursive: true, force: true, maxRetries: 5, retryDelay: 50 });
      undisposed.delete(this);
      if (undisposed.size === 0) process.off('exit', sweepAll);
    }
    if (leftBehind !== undefined) {
      throw new Error(
        'processes were left behind and have been killed: stop what the test started before it ends',
        {
          cause: leftBehind,
        },
      );
    }
  }
}

const TRUSTED = {
  hasTrustDialogAccepted: true,
  hasCompletedProjectOnboarding: true,
  projectOnboardingSeenCount: 1,
  allowedTools: [],
};

const FIRST_RUN_IS_OVER = {
  hasCompletedOnboarding: true,
  lastOnboardingVersion: '99.0.0',
  theme: 'dark',
  numStartups: 10,
  customApiKeyResponses: { approved: [DUMMY_API_KEY.slice(-20)], rejected: [] },
  projects: {},
};

const QUIET = {
  // Lets bypass mode run as root, as test containers do.
  IS_SANDBOX: '1',
  CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC: '1',
  // Newer versions clone a marketplace from GitHub at the first start of a home that has had to do with plugins.
  CLAUDE_CODE_DISABLE_OFFICIAL_MARKETPLACE_AUTOINSTALL: '1',
  DISABLE_TELEMETRY: '1',
  DISABLE_ERROR_REPORTING: '1',
  DISABLE_AUTOUPDATER: '1',
  DISABLE_BUG_COMMAND: '1',
};
