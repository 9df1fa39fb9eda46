import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { daemonPlace } from '../../src/config/daemon-place.ts';
import {
  callDaemon,
  type DaemonAccess,
  type DaemonCall,
  ensureDaemon,
} from '../../src/daemon-link/daemon-client.ts';
import type { PromptRecord } from '../../src/protocol/managed-session.ts';
import {
  type CleanHome,
  createCleanHome,
  type ModelApi,
  type ModelRule,
  startModelApi,
} from '../../src/testing/index.ts';
import { rootOf } from '../lifted-limits.ts';

const PROJECT = resolve(import.meta.dirname, '../..');
const MANIFEST = JSON.parse(readFileSync(join(PROJECT, 'package.json'), 'utf8')) as { version: string };
/** The daemon's program, as it is built. */
export const DAEMON = join(PROJECT, 'plugin/dist/daemon/main.js');
const TURN_MS = 120_000;

export interface ManagedOptions {
  /** The `claude` that the sessions run, by its path. */
  readonly claude?: string;
  /** How the model answers the sessions; they share it. */
  readonly rules?: readonly ModelRule[];
  /** What Node is to run as the daemon. */
  readonly program?: string;
  readonly env?: Readonly<Record<string, string>>;
}

/** A home with the real daemon, whose sessions talk with a scripted model. */
export interface ManagedBench {
  readonly home: CleanHome;
  readonly api: ModelApi;
  readonly access: DaemonAccess;
  /** Starts the daemon where none runs. */
  ensure(): Promise<{ pid: number }>;
  call(method: DaemonCall['method'], path: string, body?: unknown): Promise<unknown>;
  /** Starts a session in a project folder of its name; returns the folder. */
  spawn(name: string): Promise<string>;
  /** Gives a prompt and waits for its result. Throws when the turn was not completed. */
  turn(name: string, text: string): Promise<PromptRecord>;
  /** Ends the daemon; resolves once nothing of it runs. */
  shutDown(): Promise<void>;
  end(): Promise<void>;
}

/** Makes the home; the daemon starts with `ensure`. */
export async function managedBench({
  claude,
  rules = [],
  program = DAEMON,
  env: extra = {},
}: ManagedOptions): Promise<ManagedBench> {
  const api = await startModelApi();
  const home = createCleanHome();
  const root = rootOf(home);
  mkdirSync(root, { recursive: true, mode: 0o700 });
  writeFileSync(join(root, 'settings.json'), JSON.stringify({ claudeProgram: claude }), { mode: 0o600 });
  const env = home.env({ ...api.session('managed', ...rules).env, BRIDGE_DIR: root, ...extra });
  const access = { place: daemonPlace({ root, env }), program, env, version: MANIFEST.version };
  const call: ManagedBench['call'] = (method, path, body) => callDaemon(access, { method, path, body });
  const shutDown = async (): Promise<void> => {
    await call('POST', '/v1/shut-down', {});
    await home.waitUntilNothingRuns({ timeoutMs: 60_000 });
  };
  return {
    home,
    api,
    access,
    ensure: () => ensureDaemon(access),
    call,
    shutDown,
    async spawn(name) {
      const cwd = home.project(name, { 'notes.txt': 'What is known here.\n' });
      await call('POST', '/v1/sessions', { name, cwd });
      return cwd;
    },
    async turn(name, text) {
      const given = await call('POST', `/v1/sessions/${name}/prompts`, { text, from: 'bench' });
      const { id } = given as PromptRecord;
      const prompt = (await call('GET', `/v1/prompts/${id}?waitMs=${TURN_MS}`)) as PromptRecord;
      if (prompt.ended?.outcome !== 'completed') throw new Error(`${text}: ${JSON.stringify(prompt)}`);
      return prompt;
    },
    async end() {
      try {
        if ((await home.liveProcesses()).length > 0) await shutDown();
      } finally {
        await home.dispose();
        await api.close();
      }
    },
  };
}
