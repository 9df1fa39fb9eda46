import { closeSync, constants, fstatSync, openSync, readFileSync } from 'node:fs';
import { userInfo } from 'node:os';
import { dirname, join } from 'node:path';
import * as z from 'zod/mini';
import { errnoOf } from '../lib/errno.ts';
import { parseJson } from '../protocol/json.ts';

export type Environment = Readonly<Record<string, string | undefined>>;

/** Variables that say where the mailboxes are and who one is: a repository must not be able to set them. */
const PROTECTED =
  /^(BRIDGE_DIR|BRIDGE_SESSION_ID|PROJECT_DIR|HOME|USERPROFILE|CLAUDE_(CONFIG_DIR|PROJECT_DIR|CODE_SESSION_ID)|CAHOOTS_\w+)$/;
const MAX_SETTINGS_BYTES = 4 * 1024 * 1024;

const hostSettings = z.looseObject({ env: z.optional(z.record(z.string(), z.unknown())) });

/**
 * The environment without what a project's own Claude Code settings may have put into it.
 *
 * Claude Code hands the `env` of `.claude/settings.json` and `.claude/settings.local.json` of a project to every hook,
 * MCP server and command, so a cloned repository could point its sessions at mailboxes of its choice. Inside a Claude
 * Code session (`CLAUDECODE` or a session id is set) a protected variable that such a file names is dropped, whatever
 * its value; `HOME` falls back to the home of the user account. A file that is there but cannot be understood counts as
 * naming all of them. Outside of a session the environment is the person's.
 */
export function trustedEnvironment(env: Environment, workingFolder: string): Environment {
  const insideSession = env['CLAUDECODE'] !== undefined || env['CLAUDE_CODE_SESSION_ID'] !== undefined;
  if (!insideSession) return env;
  const trusted: Record<string, string | undefined> = { ...env };
  for (const folder of projectFolders(env['CLAUDE_PROJECT_DIR'], workingFolder)) {
    const names = namesSetBy(folder);
    // The settings in the home folder are the person's own; but a project that names HOME must not make itself one.
    if (folder === trusted['HOME'] && names !== 'unknown' && !names.includes('HOME')) continue;
    drop(trusted, names === 'unknown' ? Object.keys(trusted) : names);
  }
  return trusted;
}

function drop(trusted: Record<string, string | undefined>, names: readonly string[]): void {
  for (const name of names) {
    if (!PROTECTED.test(name)) continue;
    delete trusted[name];
    if (name === 'HOME' || name === 'USERPROFILE') trusted[name] = userInfo().homedir;
  }
}

function* projectFolders(projectDir: string | undefined, workingFolder: string): Generator<string> {
  const { homedir } = userInfo();
  if (projectDir !== undefined && projectDir !== homedir) yield projectDir;
  let folder = workingFolder;
  // The user's own ~/.claude/settings.json is trusted: the walk ends below the account's home.
  while (folder !== homedir && folder !== dirname(folder)) {
    yield folder;
    folder = dirname(folder);
  }
}

function namesSetBy(folder: string): readonly string[] | 'unknown' {
  const names: string[] = [];
  for (const name of ['settings.json', 'settings.local.json']) {
    const text = readFollowing(join(folder, '.claude', name));
    if (text === 'missing') continue;
    const settings = text === 'unreadable' ? undefined : parseJson(text.text, hostSettings);
    if (settings === undefined) return 'unknown';
    names.push(...Object.keys(settings.env ?? {}));
  }
  return names;
}

/** Reads what the host would read, so links are followed: a repository can hold one. */
function readFollowing(path: string): { readonly text: string } | 'missing' | 'unreadable' {
  let file: number;
  try {
    file = openSync(path, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0));
  } catch (error) {
    const code = errnoOf(error);
    return code === 'ENOENT' || code === 'ENOTDIR' ? 'missing' : 'unreadable';
  }
  try {
    const stat = fstatSync(file);
    if (!stat.isFile() || stat.size > MAX_SETTINGS_BYTES) return 'unreadable';
    return { text: readFileSync(file, 'utf8') };
  } catch (error) {
    if (errnoOf(error) === undefined) throw error;
    return 'unreadable';
  } finally {
    closeSync(file);
  }
}
