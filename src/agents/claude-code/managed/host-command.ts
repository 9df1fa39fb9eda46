import { readdir } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import type { SlashCommand } from '@anthropic-ai/claude-agent-sdk';
import { errnoOf } from '../../../lib/errno.ts';
import { CahootsError } from '../../../protocol/errors.ts';
import type { CommandKind, ToolCall } from '../../../protocol/tool-call.ts';

/** A command as the host lists it; newer hosts mark those that are their own. */
export type ListedCommand = Pick<SlashCommand, 'name' | 'description' | 'aliases'> & {
  readonly builtin?: boolean;
};

/** What a session has told of itself at its start. */
export interface CommandContext {
  readonly commands: readonly ListedCommand[];
  readonly cwd: string;
}

/** Commands of the host that show or tidy the conversation and touch nothing else. */
const HOUSEKEEPING = new Set(['clear', 'compact', 'context', 'usage', 'recap']);
/** What a host that marks no command of its own says behind the description of those that are not. */
const NOT_ITS_OWN = /\((?:project|user|local|managed|plugin[^)]*|mcp)\)\s*$|^\([^)]*\) /i;
/** Looking for commands of a folder gives up behind so many folders. */
const MOST_FOLDERS = 20_000;

/**
 * A command of the host as a call to be judged. Rejects with `command-unknown` where the text begins with none of the
 * session's commands.
 *
 * A file of the folder can take the name of a command of the host. Newer hosts mark their own and go on using them; for an
 * older one, which marks none, a command is its own only where no folder around the session holds skills or commands.
 */
export async function commandCall(text: string, context: CommandContext): Promise<ToolCall> {
  const [, name = ''] = /^\/(\S+)/.exec(text) ?? [];
  const { commands } = context;
  const meant = commands.filter(
    (command) => command.name === name || command.aliases?.includes(name) === true,
  );
  if (meant.length === 0) {
    const usable = commands.filter((command) => HOUSEKEEPING.has(command.name));
    throw new CahootsError(
      'command-unknown',
      `${JSON.stringify(text.slice(0, 80))} does not begin with a command of this session.`,
      {
        remedy: `Commands that every preset permits: ${usable.map((command) => `/${command.name}`).join(' ')}. Leave out --command to send a text.`,
        facts: { command: text, known: commands.map((command) => command.name) },
      },
    );
  }
  const command: CommandKind = (await isHousekeeping(name, meant, context)) ? 'housekeeping' : 'other';
  return { id: `command ${text}`, tool: 'command', input: { command: text }, bySubagent: false, command };
}

async function isHousekeeping(
  name: string,
  meant: readonly ListedCommand[],
  { commands, cwd }: CommandContext,
): Promise<boolean> {
  const [only, ...others] = meant;
  if (!HOUSEKEEPING.has(name) || only === undefined || others.length > 0 || only.name !== name) return false;
  if (commands.some(({ builtin }) => builtin === true)) return only.builtin === true;
  return !NOT_ITS_OWN.test(only.description) && !(await holdsCommands(cwd));
}

/** Whether skills or commands lie in a folder, in one above it, or in one below it. */
async function holdsCommands(cwd: string): Promise<boolean> {
  for (let at = resolve(cwd); ; at = dirname(at)) {
    if (await hasCommands(join(at, '.claude'))) return true;
    if (dirname(at) === at) break;
  }
  const pending = [resolve(cwd)];
  for (let looked = 0; pending.length > 0; looked += 1) {
    if (looked >= MOST_FOLDERS) return true;
    const folder = pending.pop() ?? '';
    for (const entry of await entriesOf(folder)) {
      // A link may lead to a folder that is one.
      if (!entry.isDirectory() && !entry.isSymbolicLink()) continue;
      if (entry.name === '.claude' && (await hasCommands(join(folder, entry.name)))) return true;
      if (entry.isDirectory() && entry.name !== '.git') pending.push(join(folder, entry.name));
    }
  }
  return false;
}

async function hasCommands(place: string): Promise<boolean> {
  return (await entriesOf(place)).some(({ name }) => /^(?:skills|commands)$/i.test(name));
}

/** Nothing for what is not there; what cannot be read may hold anything, and fails the look. */
async function entriesOf(folder: string) {
  try {
    return await readdir(folder, { withFileTypes: true });
  } catch (error) {
    const code = errnoOf(error);
    if (code === 'ENOENT' || code === 'ENOTDIR') return [];
    throw error;
  }
}
