import { existsSync, readdirSync, readFileSync, realpathSync, statSync } from 'node:fs';
import { dirname, join, resolve, sep } from 'node:path';
import { unlessGone } from '../../../lib/errno.ts';
import { CahootsError } from '../../../protocol/errors.ts';
import type { Expansion, ToolCall } from '../../../protocol/tool-call.ts';
import { expansionOf } from './skill-text.ts';

/** Where a session's skills and commands lie. */
export interface SkillPlaces {
  readonly cwd: string;
  /** The folder of the user's own. */
  readonly configDir: string;
  readonly home: string;
}

/** One of them, and the folder that it was found below. */
interface Found {
  readonly file: string;
  readonly place: string;
}

/** Larger texts are not looked through. */
const MOST_BYTES = 1024 * 1024;
/** Commands of the host that show or tidy the conversation and touch nothing else. */
const HOUSEKEEPING = new Set(['clear', 'reset', 'new', 'compact', 'context', 'usage', 'cost', 'recap']);
/** What a skill or command may be called for it to be looked for; `:` stands between the folders of a command. */
const NAME = /^[\p{L}\p{N}_][\p{L}\p{N}_.-]*(?::[\p{L}\p{N}_][\p{L}\p{N}_.-]*)*$/u;

/** What the model's call of a skill would have the host open and run; undefined for every other call. */
export function skillExpansion({ tool, input }: ToolCall, places: SkillPlaces): Expansion | undefined {
  if (tool !== 'Skill' && tool !== 'SlashCommand') return undefined;
  const named = input['skill'] ?? input['command'];
  if (typeof named !== 'string') return { kind: 'unknown', reason: 'it names no skill' };
  const { name, args } = parseCommand(named);
  const further = typeof input['args'] === 'string' ? input['args'] : '';
  return expansion(name, { args: `${args} ${further}`, places });
}

/**
 * A command of the host as a call to be judged. Throws `command-unknown` where the text begins with none of the session's
 * commands.
 */
export function commandCall(
  text: string,
  { commands, ...places }: SkillPlaces & { readonly commands: readonly string[] },
): ToolCall {
  const { name, args } = parseCommand(text);
  if (!text.startsWith('/') || !commands.includes(name)) {
    throw new CahootsError('command-unknown', `${JSON.stringify(text.slice(0, 80))} is not a command here.`, {
      remedy: `A command begins with one of: ${commands.map((command) => `/${command}`).join(' ')}. Leave out --command to send a text.`,
      facts: { command: text, known: commands },
    });
  }
  const found = expansion(name, { args, places });
  const expands: Expansion =
    found.kind === 'unknown' && HOUSEKEEPING.has(name) && filesOf(name, places).length === 0
      ? { kind: 'housekeeping' }
      : found;
  return { id: `command ${text}`, tool: 'command', input: { command: text }, bySubagent: false, expands };
}

function parseCommand(text: string): { name: string; args: string } {
  const [, name = '', args = ''] = /^\s*\/?(\S*)\s*([\s\S]*)$/.exec(text) ?? [];
  return { name, args };
}

function expansion(name: string, { args, places }: { args: string; places: SkillPlaces }): Expansion {
  const files = filesOf(name, places);
  if (files.length === 0) {
    return {
      kind: 'unknown',
      reason: `no file of /${name} lies in the skills and commands of this folder or of the user`,
    };
  }
  const parts = files.map(({ file, place }) => {
    const text = textOf(file);
    if (text === undefined) return { kind: 'unknown', reason: `${file} cannot be read` } as const;
    const found = expansionOf(text, { file, args, ...places });
    // A link may show any file as a skill.
    if (found.kind !== 'files' || isInside(place, file)) return found;
    return { ...found, opens: [...found.opens, realpathSync(file)] };
  });
  const unknown = parts.find((part) => part.kind === 'unknown');
  if (unknown !== undefined) return unknown;
  const known = parts.filter((part) => part.kind === 'files');
  return {
    kind: 'files',
    opens: known.flatMap(({ opens }) => opens),
    runs: known.flatMap(({ runs }) => runs),
  };
}

/** Every file that the host might mean by a name: those of the folder, of the folders above it, and of the user. */
function filesOf(name: string, { cwd, configDir }: SkillPlaces): Found[] {
  if (!NAME.test(name)) return [];
  const places = new Set([...foldersUp(cwd).map((folder) => join(folder, '.claude')), configDir]);
  return [...places].flatMap((place) => {
    const command = join(place, 'commands', `${name.replaceAll(':', '/')}.md`);
    const files = [...skillsNamed(name, join(place, 'skills')), ...(existsSync(command) ? [command] : [])];
    return files.map((file) => ({ file, place }));
  });
}

/** A skill is called by the name of its folder, or in newer versions by the name that its text states. */
function skillsNamed(name: string, folder: string): string[] {
  return unlessGone(() => readdirSync(folder), [])
    .map((own) => ({ own, file: join(folder, own, 'SKILL.md') }))
    .filter(({ own, file }) => existsSync(file) && (own === name || statedName(file) === name))
    .map(({ file }) => file);
}

function isInside(place: string, file: string): boolean {
  return unlessGone(() => realpathSync(file).startsWith(realpathSync(place) + sep), false);
}

function statedName(file: string): string | undefined {
  return /^---\n[\s\S]*?^name:[ \t]*["']?(.*?)["']?[ \t]*$[\s\S]*?^---/m.exec(textOf(file) ?? '')?.[1];
}

function textOf(file: string): string | undefined {
  const found = statSync(file, { throwIfNoEntry: false });
  if (found?.isFile() !== true || found.size > MOST_BYTES) return undefined;
  return unlessGone(() => readFileSync(file, 'utf8'), undefined);
}

function foldersUp(folder: string): string[] {
  const all = [resolve(folder)];
  for (let at = resolve(folder); dirname(at) !== at; at = dirname(at)) all.push(dirname(at));
  return all;
}
