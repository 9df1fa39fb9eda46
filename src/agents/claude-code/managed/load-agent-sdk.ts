import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { delimiter, dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type * as AgentSdk from '@anthropic-ai/claude-agent-sdk';
import { CahootsError } from '../../../protocol/errors.ts';

const PACKAGE = '@anthropic-ai/claude-agent-sdk';

/**
 * Leaves out the `claude` that comes with it (361 MB), a package for one kind of processor; `--omit=optional` does not
 * where the install is global (npm/cli issue 8284).
 */
const WITHOUT_CLAUDE = '--cpu=none';

/**
 * Loads the Agent SDK, which a user who only sends messages does not have: the one beside this program, else one that is
 * installed globally, which a plugin that the host has copied elsewhere does not see by itself. Rejects with
 * `agent-missing`.
 */
export async function loadAgentSdk(env: Readonly<Record<string, string>>): Promise<typeof AgentSdk> {
  try {
    return await import('@anthropic-ai/claude-agent-sdk');
  } catch (error) {
    if (!isMissing(error)) throw error;
  }
  const path = globalFolders(env)
    .map(sdkIn)
    .find((found) => found !== undefined);
  if (path !== undefined) return (await import(pathToFileURL(path).href)) as typeof AgentSdk;
  throw new CahootsError('agent-missing', 'The Claude Agent SDK is not installed.', {
    remedy:
      `Managed sessions need it: npm install --global ${PACKAGE} ${WITHOUT_CLAUDE} ` +
      `(without ${WITHOUT_CLAUDE} where you have no claude of your own).`,
    facts: { package: PACKAGE },
  });
}

/** Where npm puts what is installed globally, for this Node and by its settings. */
function globalFolders(env: Readonly<Record<string, string>>): string[] {
  const isWindows = process.platform === 'win32';
  const prefixes = [
    env['npm_config_prefix'],
    env['NPM_CONFIG_PREFIX'],
    isWindows ? join(env['APPDATA'] ?? '', 'npm') : undefined,
    isWindows ? dirname(process.execPath) : dirname(dirname(process.execPath)),
    ...(env['PATH'] ?? '').split(delimiter).map((folder) => (isWindows ? folder : dirname(folder))),
  ];
  const folders = prefixes.filter((prefix) => prefix !== undefined && prefix !== '');
  return [...new Set(folders)].map((prefix) => join(prefix ?? '', isWindows ? '' : 'lib', 'node_modules'));
}

function sdkIn(modules: string): string | undefined {
  // The search goes on in the folders above, which are somebody's project.
  if (!existsSync(join(modules, PACKAGE))) return undefined;
  try {
    return createRequire(join(modules, 'none.js')).resolve(PACKAGE);
  } catch (error) {
    if (!isMissing(error)) throw error;
    return undefined;
  }
}

function isMissing(error: unknown): boolean {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  return code === 'ERR_MODULE_NOT_FOUND' || code === 'MODULE_NOT_FOUND';
}
