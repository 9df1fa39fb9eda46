import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { HostSession } from '../../../src/agents/claude-code/live/host-session.ts';
import { type ResolvedConfig, resolveConfig } from '../../../src/config/config.ts';
import type { Environment } from '../../../src/config/trusted-environment.ts';
import { openRoot } from '../../../src/mailbox/seat-folder.ts';
import type { Lifetime } from '../../fixtures/lifetime.ts';
import { tempFolder } from '../../fixtures/temp-root.ts';
import { type Transcript, transcriptAt } from '../agents/claude-code/live/transcript.ts';

/** What Claude Code shows of a session: its environment, its registry entry, its settings and its record. */
export interface FakeHost {
  readonly home: string;
  readonly root: string;
  readonly project: string;
  /** The process that is taken for the session's `claude`. */
  readonly pid: number;
  readonly env: Record<string, string | undefined>;
  readonly config: ResolvedConfig;
  readonly registryFile: string;
  /** A look at it as an attendant has it. */
  readonly session: () => HostSession;
  /** Writes the registry entry in place, with some keys replaced. */
  readonly register: (changes?: Readonly<Record<string, unknown>>) => void;
  readonly settings: (settings: Readonly<Record<string, unknown>>) => void;
  /** The record of a conversation, where the host keeps it. */
  readonly transcript: (conversation?: string) => Transcript;
}

export interface FakeHostOptions {
  readonly conversation?: string;
  readonly env?: Environment;
  /** A home that another host of the same person has, with the mailboxes in it. */
  readonly home?: string;
  readonly project?: string;
  readonly pid?: number;
}

/** A session that a person opened in a terminal, idle in its first conversation. */
export function fakeHost(t: Lifetime, options: FakeHostOptions = {}): FakeHost {
  const { conversation = 'c-1', env = {}, pid = process.pid, project: name = 'lib' } = options;
  const home = options.home ?? tempFolder(t);
  const root = join(home, '.claude', 'session-bridge');
  const project = join(home, name);
  mkdirSync(join(home, '.claude', 'sessions'), { recursive: true });
  mkdirSync(project, { recursive: true });
  openRoot(root);
  const entry: Record<string, unknown> = { pid, sessionId: conversation, cwd: project, status: 'idle' };
  const registryFile = join(home, '.claude', 'sessions', `${pid}.json`);
  const host: FakeHost = {
    home,
    root,
    project,
    pid,
    env: {
      HOME: home,
      CLAUDECODE: '1',
      CLAUDE_CODE_ENTRYPOINT: 'cli',
      CLAUDE_CODE_SESSION_ID: conversation,
      CLAUDE_PROJECT_DIR: project,
      ...env,
    },
    get config() {
      return resolveConfig({ env: host.env, cwd: project });
    },
    registryFile,
    session: () => new HostSession({ config: host.config, claudePid: pid }),
    register(changes = {}) {
      Object.assign(entry, changes);
      writeFileSync(registryFile, JSON.stringify(entry));
    },
    settings: (settings) => writeFileSync(join(home, '.claude', 'settings.json'), JSON.stringify(settings)),
    transcript: (id = String(entry['sessionId'])) =>
      transcriptAt(join(home, '.claude', 'projects', project.replace(/[^a-zA-Z0-9]/g, '-'), `${id}.jsonl`)),
  };
  host.register();
  t.after(() => rmSync(registryFile, { force: true }));
  return host;
}
