import { readFileSync, realpathSync } from 'node:fs';
import { dirname, join } from 'node:path';
import * as z from 'zod/mini';
import { errnoOf } from '../../../lib/errno.ts';
import { hostKey, identityOf, type ProcessIdentity } from '../../../lib/process-identity.ts';
import { readRegular } from '../../../lib/read-regular.ts';
import { parseJson } from '../../../protocol/json.ts';
import type { InboundRule, PermissionClass } from '../../../protocol/message.ts';
import type { AttendedHost, HostStatus } from '../../live-host.ts';
import type { WakeFiles } from './file-changed.ts';
import { wakeFolderName, wakeFoldersOf } from './wake-folders.ts';

/** The registry follows a hook within some milliseconds. */
const HOOK_GOES_FIRST_MS = 1_000;
const MAX_HOST_FILE_BYTES = 4 * 1024 * 1024;

const registrySchema = z.looseObject({
  sessionId: z.optional(z.string()),
  status: z.optional(z.string()),
  cwd: z.optional(z.string()),
  version: z.optional(z.string()),
  messagingSocketPath: z.optional(z.string()),
});
const hostSettingsSchema = z.looseObject({
  crossSessionInbound: z.optional(z.unknown()),
  permissions: z.optional(z.looseObject({ defaultMode: z.optional(z.unknown()) })),
});

/** Where the session's host keeps its files, and what it was started with. */
export interface HostSurroundings {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly claudeConfigDir: string;
  readonly projectDir: string;
  /** The mailbox root: the wake files lie there. */
  readonly root: string;
}

export interface HostSessionOptions {
  readonly config: HostSurroundings;
  /** The process id of the `claude` that started the attendant. */
  readonly claudePid: number;
}

/**
 * What the attendant can see of the Claude Code session that it lives in, read afresh at each question.
 *
 * Sources: the environment that Claude Code gives its MCP servers, `<config>/sessions/<pid>.json`, the person's own
 * settings, and what hooks report.
 */
export class HostSession implements AttendedHost {
  readonly #config: HostSurroundings;
  readonly claudePid: number;
  readonly process: ProcessIdentity | undefined;
  #transcript: string | undefined;
  #permissionMode: string | undefined;
  #hookConversation: string | undefined;
  #hookAtMs = Number.NEGATIVE_INFINITY;
  #lastRegistry: z.infer<typeof registrySchema> | undefined;

  constructor({ config, claudePid }: HostSessionOptions) {
    this.#config = config;
    this.claudePid = claudePid;
    this.process = identityOf(claudePid);
  }

  /** A session that a person opened in a terminal or editor; not `claude -p`, not an SDK program, not one of ours. */
  get takesSeat(): boolean {
    return this.#config.env['CLAUDE_CODE_ENTRYPOINT'] === 'cli';
  }

  /** The daemon's own children speak through the daemon: an installed plugin registers nothing in them. */
  get isManaged(): boolean {
    return this.#config.env['CAHOOTS_MANAGED'] !== undefined;
  }

  get ownsProject(): boolean {
    return this.takesSeat;
  }

  get worksOffNotes(): boolean {
    return false;
  }

  /** Claude Code's registry of running sessions tells when one begins to work or rests. */
  get watchedFolders(): readonly string[] {
    return [dirname(this.registryFile)];
  }

  get registryFile(): string {
    return join(this.#config.claudeConfigDir, 'sessions', `${this.claudePid}.json`);
  }

  /**
   * The conversation that the session shows now. Right after /clear a hook knows it before the registry does.
   */
  get conversation(): string {
    const registered = this.#registry()?.sessionId;
    const fromHook =
      performance.now() - this.#hookAtMs < HOOK_GOES_FIRST_MS || registered === undefined
        ? this.#hookConversation
        : undefined;
    return fromHook ?? registered ?? this.#config.env['CLAUDE_CODE_SESSION_ID'] ?? `pid-${this.claudePid}`;
  }

  get status(): HostStatus {
    const status = this.#registry()?.status;
    if (status === 'idle' || status === 'busy' || status === 'waiting') return status;
    // No turn runs, only commands in the background, such as a server for the whole day.
    return status === 'shell' ? 'idle' : 'unknown';
  }

  get version(): string | undefined {
    return this.#registry()?.version ?? this.#config.env['AI_AGENT'];
  }

  /** The record of the conversation on disk; it may not exist yet. */
  get transcript(): string {
    const { conversation } = this;
    if (this.#transcript?.endsWith(`${conversation}.jsonl`)) return this.#transcript;
    const folder = (this.#registry()?.cwd ?? this.#config.projectDir).replace(/[^a-zA-Z0-9]/g, '-');
    return join(this.#config.claudeConfigDir, 'projects', folder, `${conversation}.jsonl`);
  }

  get permissionMode(): string {
    return this.#permissionMode ?? this.#modeAtStart();
  }

  get permissionClass(): PermissionClass {
    return this.permissionMode === 'bypassPermissions' ? 'bypasses' : 'asks';
  }

  /** What the person's settings, or the organisation's, say about messages of other sessions. */
  get inboundRule(): InboundRule {
    for (const file of [
      '/etc/claude-code/managed-settings.json',
      join(this.#config.claudeConfigDir, 'settings.json'),
    ]) {
      const rule = readJson(file, hostSettingsSchema)?.crossSessionInbound;
      if (rule === 'accept' || rule === 'hold' || rule === 'refuse') return rule;
    }
    return 'parity';
  }

  /**
   * Whether the host itself asks the person before it shows what comes on its inbox socket from such a sender, also from
   * us (seen with 2.1.329). Our gate has done so already, and no dialog may stand over the prompt for it.
   */
  keepsBack(fromMode: 'prompting' | 'bypass'): boolean {
    const { inboundRule } = this;
    if (inboundRule === 'parity') return fromMode === 'bypass' && this.permissionClass === 'asks';
    return inboundRule !== 'accept';
  }

  /**
   * The session's own inbox socket. One that was inherited from another session, in whose shell this `claude` was
   * started, is not taken: it must carry our host's process id, or stand in our host's registry entry.
   */
  get inboxSocket(): { path: string; token: string | undefined } | undefined {
    const path = this.#config.env['CLAUDE_CODE_MESSAGING_SOCKET'];
    if (path === undefined || path === '') return undefined;
    const named = path.split(/[\\/]/).at(-1)?.split('.')[0] === String(this.claudePid);
    if (!named && this.#registry()?.messagingSocketPath !== path) return undefined;
    return { path, token: this.#config.env['CLAUDE_CODE_MESSAGING_TOKEN'] };
  }

  /** The files by which a `FileChanged` hook of this session is fired. */
  get wakeFiles(): WakeFiles {
    return wakeFilesOf(
      this.#config.root,
      this.process ?? { pid: this.claudePid, start: '0', host: hostKey() },
    );
  }

  /** Takes in what a hook told of the session. */
  learn({
    transcript,
    permissionMode,
    conversation,
  }: {
    transcript?: string;
    permissionMode?: string;
    conversation?: string;
  }): void {
    if (transcript) this.#transcript = transcript;
    if (permissionMode) this.#permissionMode = permissionMode;
    if (!conversation) return;
    this.#hookConversation = conversation;
    this.#hookAtMs = performance.now();
  }

  /** The host writes its entry in place: a look in the middle of that finds no JSON, and what was read last holds. */
  #registry(): z.infer<typeof registrySchema> | undefined {
    this.#lastRegistry = readJson(this.registryFile, registrySchema) ?? this.#lastRegistry;
    return this.#lastRegistry;
  }

  #modeAtStart(): string {
    const words = commandLine(this.claudePid);
    if (words.includes('--dangerously-skip-permissions')) return 'bypassPermissions';
    const flag = words.findIndex(
      (word) => word === '--permission-mode' || word.startsWith('--permission-mode='),
    );
    const named = flag === -1 ? undefined : (words[flag]?.split('=')[1] ?? words[flag + 1]);
    if (named !== undefined) return named;
    const fromSettings = readJson(join(this.#config.claudeConfigDir, 'settings.json'), hostSettingsSchema)
      ?.permissions?.defaultMode;
    return typeof fromSettings === 'string' ? fromSettings : 'default';
  }
}

/** The host matches watched files by this name alone, so no other plugin's files start our hook. */
export const WAKE_TRIGGER = 'cahoots-wake';

/** Where the wake files of the session of a `claude` process are; hook and attendant find the same place without talking. */
export function wakeFilesOf(root: string, claude: ProcessIdentity): WakeFiles {
  const folder = join(wakeFoldersOf(root), wakeFolderName(claude));
  return {
    trigger: join(folder, WAKE_TRIGGER),
    payload: join(folder, 'payload'),
    armed: join(folder, 'armed'),
  };
}

/** The host's own files may be links, as dotfile managers make them; they are the person's, not a peer's. */
function readJson<Schema extends z.ZodMiniType>(path: string, schema: Schema): z.infer<Schema> | undefined {
  try {
    const found = readRegular(realpathSync(path), MAX_HOST_FILE_BYTES);
    return found.kind === 'text' ? parseJson(found.text, schema) : undefined;
  } catch (error) {
    // Gone, a circle of links, or not ours to read.
    if (errnoOf(error) === undefined) throw error;
    return undefined;
  }
}

/** The words that a process was started with, where the system tells (Linux); else none. */
function commandLine(pid: number): string[] {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0');
  } catch (error) {
    if (errnoOf(error) === undefined) throw error;
    return [];
  }
}
