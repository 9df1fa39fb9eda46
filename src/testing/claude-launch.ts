import { randomUUID } from 'node:crypto';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { type ClaudeBinary, claudeBinary, compareVersions } from './claude-binary.ts';
import type { CleanHome } from './clean-home.ts';
import type { ModelSession } from './model-session.ts';

/** `manual` and `default` are one mode under its newer and older name; the right one is used for the binary. */
export type PermissionMode =
  | 'manual'
  | 'default'
  | 'acceptEdits'
  | 'bypassPermissions'
  | 'dontAsk'
  | 'plan'
  | 'auto';

/** What every way to start `claude` takes. */
export interface ClaudeLaunch {
  readonly home: CleanHome;
  /** The folder to start in, usually `home.project('…')`. */
  readonly cwd: string;
  /** The scripted model that answers. */
  readonly model: ModelSession;
  /** The newest installed one when left out. */
  readonly binary?: ClaudeBinary;
  /** Folders for `--plugin-dir`. */
  readonly pluginDirs?: readonly string[];
  /** Default `manual`: the host asks before it acts. */
  readonly permissionMode?: PermissionMode;
  /** Further arguments, after those of the bench. */
  readonly args?: readonly string[];
  /** Writes the host's debug log, which `waitForServer` reads. Default: only with `pluginDirs`. */
  readonly debug?: boolean;
  /** Variables over those of the home; `undefined` removes one. */
  readonly env?: Readonly<Record<string, string | undefined>>;
}

/** The command that a launch stands for: the whole environment, nothing inherited. */
export interface ClaudeCommand {
  readonly binary: ClaudeBinary;
  readonly file: string;
  readonly args: readonly string[];
  readonly cwd: string;
  readonly env: Record<string, string>;
  /** The host's debug log, when it writes one. */
  readonly debugFile: string | undefined;
}

/** Works out the command. Throws when the folder is missing: the host's own message for that is misleading. */
export function claudeCommand(launch: ClaudeLaunch, leading: readonly string[] = []): ClaudeCommand {
  const {
    home,
    cwd,
    model,
    binary = claudeBinary(),
    pluginDirs = [],
    permissionMode = 'manual',
    args = [],
    env,
  } = launch;
  if (!existsSync(cwd))
    throw new Error(
      `cannot start claude in ${cwd}: there is no such folder; make it with home.project(name)`,
    );
  const { debug = pluginDirs.length > 0 } = launch;
  const debugFile = debug ? join(home.root, `debug-${randomUUID().slice(0, 8)}.txt`) : undefined;
  return {
    binary,
    file: binary.path,
    args: [
      ...leading,
      ...(debugFile === undefined ? [] : ['--debug-file', debugFile]),
      ...pluginDirs.flatMap((folder) => ['--plugin-dir', folder]),
      '--permission-mode',
      nameOfMode(permissionMode, binary),
      ...args,
    ],
    cwd,
    env: home.env({ ...model.env, ...env }),
    debugFile,
  };
}

function nameOfMode(mode: PermissionMode, { version }: ClaudeBinary): string {
  if (mode !== 'manual' && mode !== 'default') return mode;
  return compareVersions(version, '2.1.197') > 0 ? 'manual' : 'default';
}
