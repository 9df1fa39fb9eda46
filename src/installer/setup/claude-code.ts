import { join } from 'node:path';
import * as z from 'zod/mini';
import { isProgram, programsOnPath } from '../../config/find-program.ts';
import type { Environment } from '../../config/trusted-environment.ts';
import { versionIn } from '../../lib/versions.ts';
import { CahootsError } from '../../protocol/errors.ts';
import { parseJson } from '../../protocol/json.ts';
import type { InstallContext } from '../install-context.ts';
import { type ProgramResult, runProgram } from '../run-program.ts';

const pluginSchema = z.looseObject({
  id: z.string(),
  version: z._default(z.string(), ''),
  scope: z._default(z.string(), ''),
  enabled: z._default(z.boolean(), false),
  installPath: z.optional(z.string()),
  /** Newer versions tell the folder of a marketplace from which sessions load the plugin. */
  readFromFolder: z.optional(z.string()),
  folderVersion: z.optional(z.string()),
  errors: z.optional(z.array(z.string())),
});
/** A plugin as `claude plugin list --json` tells it. */
export type HostPlugin = z.infer<typeof pluginSchema>;

const marketplaceSchema = z.looseObject({
  name: z.string(),
  source: z._default(z.string(), ''),
  path: z.optional(z.string()),
});
/** A marketplace as `claude plugin marketplace list --json` tells it. */
export type HostMarketplace = z.infer<typeof marketplaceSchema>;

/** What of an environment belongs to the session around us, and would make a `claude` that we start its child. */
const OF_A_SESSION =
  /^(CLAUDECODE|CLAUDE_PID|CLAUDE_CODE_SESSION_ID|CLAUDE_CODE_CHILD_SESSION|CLAUDE_CODE_ENTRYPOINT|CLAUDE_CODE_EXECPATH|CLAUDE_CODE_MESSAGING_\w+|CLAUDE_CODE_SESSION_ATTENDED|CLAUDE_CODE_LAUNCHED_BY_SESSION_IDS|CLAUDE_ENV_FILE|CLAUDE_PROJECT_DIR|CLAUDE_PLUGIN_\w+|AI_AGENT)$/;
const VERSION_TIMEOUT_MS = 20_000;
const COMMAND_TIMEOUT_MS = 120_000;

/** The person's Claude Code: where it is, which version, and its own commands for plugins. */
export class ClaudeCode {
  readonly path: string;
  readonly version: string;
  readonly #context: InstallContext;

  constructor(context: InstallContext, { path, version }: { path: string; version: string }) {
    this.#context = context;
    this.path = path;
    this.version = version;
  }

  /** The plugins that are installed. Throws `host-command-failed`. */
  async plugins(): Promise<HostPlugin[]> {
    return await this.#list(['plugin', 'list', '--json'], z.array(pluginSchema));
  }

  /** The marketplaces that are known. Throws `host-command-failed`. */
  async marketplaces(): Promise<HostMarketplace[]> {
    return await this.#list(['plugin', 'marketplace', 'list', '--json'], z.array(marketplaceSchema));
  }

  /** Runs one of its commands to its end. Throws `host-command-failed` with what it said. */
  async run(args: readonly string[]): Promise<string> {
    const { paths, signal } = this.#context;
    const result = await runProgram({
      file: this.path,
      args,
      env: outsideOfSessions(paths.env),
      // Not the project's folder, whose settings would count as well.
      cwd: paths.home,
      timeoutMs: COMMAND_TIMEOUT_MS,
      signal,
    });
    if (result.status === 0) return result.stdout;
    throw new CahootsError('host-command-failed', `"claude ${args.join(' ')}" failed: ${sayingOf(result)}`, {
      remedy:
        'Run that command by hand to see more; then run this one again, which goes on where it stopped.',
      facts: { claude: this.path, args, status: result.status ?? null },
    });
  }

  async #list<Schema extends z.ZodMiniType>(
    args: readonly string[],
    schema: Schema,
  ): Promise<z.infer<Schema>> {
    const text = await this.run(args);
    const list = parseJson(text.slice(Math.max(0, text.indexOf('['))), schema);
    if (list !== undefined) return list;
    throw new CahootsError(
      'host-command-failed',
      `"claude ${args.join(' ')}" printed what this version of cahoots does not understand: ${text.slice(0, 200)}`,
      { remedy: 'Update cahoots, or use /plugin inside of a session.', facts: { claude: this.path, args } },
    );
  }
}

/** An environment without what a session gives its children. */
function outsideOfSessions(env: Environment): Environment {
  return Object.fromEntries(Object.entries(env).filter(([name]) => !OF_A_SESSION.test(name)));
}

/**
 * The person's `claude`: the one that is named (`--claude` or `CAHOOTS_CLAUDE`), the first on the PATH, or where its
 * installers put it.
 *
 * Throws `host-missing` when there is none, or when the one that is found does not tell its version.
 */
export async function findClaudeCode(context: InstallContext): Promise<ClaudeCode> {
  const { paths, claude: named = paths.env['CAHOOTS_CLAUDE'] } = context;
  const path = named ?? candidates(context).find(isProgram);
  if (path === undefined) {
    throw new CahootsError('host-missing', 'There is no claude on the PATH.', {
      remedy:
        'Install Claude Code (https://code.claude.com/docs), or say where it is with --claude <path> or CAHOOTS_CLAUDE.',
    });
  }
  const { env, home } = paths;
  const call = { file: path, args: ['--version'], env: outsideOfSessions(env), cwd: home };
  const result = await runProgram({ ...call, timeoutMs: VERSION_TIMEOUT_MS, signal: context.signal });
  const version = result.status === 0 ? versionIn(result.stdout) : undefined;
  if (version !== undefined) return new ClaudeCode(context, { path, version });
  throw new CahootsError('host-missing', `${path} is no Claude Code that runs: ${sayingOf(result)}`, {
    remedy: 'Install it anew, or say where another one is with --claude <path> or CAHOOTS_CLAUDE.',
    facts: { path },
  });
}

function candidates({ paths: { env, home, claudeConfigDir } }: InstallContext): string[] {
  const file = process.platform === 'win32' ? 'claude.exe' : 'claude';
  return [
    ...programsOnPath('claude', env),
    join(home, '.local', 'bin', file),
    join(claudeConfigDir, 'local', file),
  ];
}

/** What a program said about its failure, on one line. */
function sayingOf({ failure, stdout, stderr, status }: ProgramResult): string {
  const said = `${stderr.trim()} ${stdout.trim()}`.trim().replace(/\s+/g, ' ').slice(-300);
  return [failure ?? (said === '' ? `exit status ${status}` : ''), said]
    .filter((part) => part !== '')
    .join(': ');
}
