import { homedir } from 'node:os';
import { isAbsolute, join, resolve } from 'node:path';
import { errnoOf } from '../lib/errno.ts';
import { describeUnread, type ReadResult, readRegular } from '../lib/read-regular.ts';
import { CahootsError } from '../protocol/errors.ts';
import { describeIssues, describeSyntax } from '../protocol/issues.ts';
import {
  type Limits,
  limitsFrom,
  type ManagedSettings,
  managedFrom,
  type Settings,
  settingsSchema,
} from './settings.ts';
import { type Environment, trustedEnvironment } from './trusted-environment.ts';

/** Where everything is and who calls: what can be resolved without reading the person's settings. */
export interface ResolvedPaths {
  /** The mailbox root, absolute. */
  readonly root: string;
  /** The project folder that the caller works in, absolute. */
  readonly projectDir: string;
  /** The home folder of Claude Code's own files, absolute. */
  readonly claudeConfigDir: string;
  /** A seat that the environment names (`BRIDGE_SESSION_ID`), unchecked. */
  readonly seatAddress: string | undefined;
  /** The home folder of the person, absolute. */
  readonly home: string;
  /** The environment that was resolved: without what a project's settings put there. */
  readonly env: Environment;
}

/** Everything that a run of any front door was told, resolved once and frozen. */
export interface ResolvedConfig extends ResolvedPaths {
  readonly limits: Limits;
}

export interface ConfigInput {
  readonly env: Environment;
  /** The folder that the process works in. */
  readonly cwd: string;
}

const MAX_SETTINGS_BYTES = 256 * 1024;

/**
 * Resolves the configuration: environment over the person's `settings.json` in the root over defaults.
 *
 * Throws `setting-invalid` with file, key, what was expected and what was there.
 */
export function resolveConfig(input: ConfigInput): ResolvedConfig {
  const paths = resolvePaths(input);
  return Object.freeze({ ...paths, limits: limitsFrom(readSettings(settingsFile(paths.root))) });
}

/** What the person's settings say of managed sessions now. Throws `setting-invalid`. */
export function managedSettings({ root }: Pick<ResolvedPaths, 'root'>): ManagedSettings {
  return managedFrom(readSettings(settingsFile(root)));
}

/** Resolves the part of the configuration that needs no settings file. Throws `setting-invalid` for `BRIDGE_DIR`. */
export function resolvePaths({ env: rawEnv, cwd }: ConfigInput): ResolvedPaths {
  const env = trustedEnvironment(rawEnv, cwd);
  const home = env['HOME'] || env['USERPROFILE'] || homedir();
  return {
    root: rootFrom(env['BRIDGE_DIR'], join(home, '.claude', 'session-bridge')),
    projectDir: resolve(cwd, env['PROJECT_DIR'] || env['CLAUDE_PROJECT_DIR'] || '.'),
    claudeConfigDir: resolve(env['CLAUDE_CONFIG_DIR'] || join(home, '.claude')),
    seatAddress: env['BRIDGE_SESSION_ID'] || undefined,
    home,
    env,
  };
}

/** The person's settings file of a mailbox root. */
export function settingsFile(root: string): string {
  return join(root, 'settings.json');
}

function rootFrom(fromEnv: string | undefined, byDefault: string): string {
  if (!fromEnv) return byDefault;
  if (isAbsolute(fromEnv)) return resolve(fromEnv);
  throw new CahootsError('setting-invalid', `BRIDGE_DIR is "${fromEnv}", which is not an absolute path.`, {
    remedy: 'Set it to an absolute path, or unset it to use ~/.claude/session-bridge.',
    facts: { key: 'BRIDGE_DIR', got: fromEnv },
  });
}

function readSettings(file: string): Settings {
  const found = readOwn(file);
  if (found.kind === 'missing') return {};
  if (found.kind !== 'text') throw invalid(file, `it is ${describeUnread(found, MAX_SETTINGS_BYTES)}`);
  let raw: unknown;
  try {
    raw = JSON.parse(found.text);
  } catch (error) {
    throw invalid(file, describeSyntax(error));
  }
  const parsed = settingsSchema.safeParse(raw);
  if (parsed.success) return parsed.data;
  throw invalid(file, describeIssues(parsed.error.issues, { raw, root: 'file' }));
}

function readOwn(file: string): ReadResult {
  try {
    return readRegular(file, MAX_SETTINGS_BYTES);
  } catch (error) {
    if (errnoOf(error) === 'EACCES') return { kind: 'not-regular' };
    throw error;
  }
}

function invalid(file: string, reason: string): CahootsError {
  return new CahootsError('setting-invalid', `The settings in ${file} cannot be used: ${reason}.`, {
    remedy: 'Correct the file or remove it; docs/operations.md lists the keys.',
    facts: { file, reason },
  });
}
