import { userInfo } from 'node:os';
import { dirname, join } from 'node:path';
import * as z from 'zod/mini';
import { readRegular } from '../lib/read-regular.ts';
import { parseJson } from '../protocol/json.ts';

export type Environment = Readonly<Record<string, string | undefined>>;

/** Variables that say where the mailboxes are and who one is: a repository must not be able to set them. */
const PROTECTED =
  /^(BRIDGE_DIR|BRIDGE_SESSION_ID|PROJECT_DIR|HOME|USERPROFILE|CLAUDE_CONFIG_DIR|CAHOOTS_\w+)$/;
const MAX_SETTINGS_BYTES = 4 * 1024 * 1024;

const hostSettings = z.looseObject({ env: z.optional(z.record(z.string(), z.unknown())) });

/**
 * The environment without what a project's own Claude Code settings may have put into it.
 *
 * Claude Code hands the `env` of `.claude/settings.json` and `.claude/settings.local.json` of a project to every hook,
 * MCP server and command, so a cloned repository could point its sessions at mailboxes of its choice. Inside a Claude
 * Code session (`CLAUDECODE` or a session id is set) a protected variable that such a file names is dropped, whatever
 * its value; `HOME` falls back to the home of the user account. Outside of a session the environment is the person's.
 */
export function trustedEnvironment(env: Environment, workingFolder: string): Environment {
  const insideSession = env['CLAUDECODE'] !== undefined || env['CLAUDE_CODE_SESSION_ID'] !== undefined;
  if (!insideSession) return env;
  const trusted: Record<string, string | undefined> = { ...env };
  for (const folder of projectFolders(env['CLAUDE_PROJECT_DIR'], workingFolder)) {
    for (const name of namesSetBy(folder)) {
      if (!PROTECTED.test(name)) continue;
      delete trusted[name];
      if (name === 'HOME' || name === 'USERPROFILE') trusted[name] = userInfo().homedir;
    }
  }
  return trusted;
}

function* projectFolders(projectDir: string | undefined, workingFolder: string): Generator<string> {
  if (projectDir !== undefined) yield projectDir;
  let folder = workingFolder;
  // The user's own ~/.claude/settings.json is trusted: the walk ends below the account's home.
  while (folder !== userInfo().homedir && folder !== dirname(folder)) {
    yield folder;
    folder = dirname(folder);
  }
}

function namesSetBy(folder: string): string[] {
  return ['settings.json', 'settings.local.json'].flatMap((name) => {
    const found = readRegular(join(folder, '.claude', name), MAX_SETTINGS_BYTES);
    if (found.kind !== 'text') return [];
    return Object.keys(parseJson(found.text, hostSettings)?.env ?? {});
  });
}
