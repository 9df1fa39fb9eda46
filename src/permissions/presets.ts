import { existsSync, globSync, statSync } from 'node:fs';
import { isAbsolute, relative, resolve } from 'node:path';
import type { Preset } from '../protocol/preset.ts';
import type { ToolCall, ToolVerdict } from '../protocol/tool-call.ts';
import { moreThanLooking, searchedFolders } from './look-only.ts';
import { type Access, protectedBecause, type Surroundings } from './protected-paths.ts';
import { secretWithin } from './secrets-within.ts';
import { programOf, readShellText, type ShellText } from './shell-command.ts';
import { classOf, PATH_KEYS, type ToolClass } from './tool-classes.ts';

/**
 * What a preset says of a class of tools. `in-folder`: on paths of the session's folder that are not protected.
 * `housekeeping`: where it only shows or tidies the conversation.
 */
type Rule = 'yes' | 'no' | 'in-folder' | 'look-only' | 'housekeeping';

type Rules = Readonly<Record<ToolClass, Rule>>;

const READ_ONLY: Rules = {
  'keep-books': 'yes',
  peers: 'yes',
  read: 'in-folder',
  write: 'no',
  run: 'look-only',
  delegate: 'yes',
  skill: 'no',
  command: 'housekeeping',
  web: 'no',
  plan: 'no',
  'ask-person': 'no',
  other: 'no',
};

/** The presets as a table: what is not `yes` here is denied, with the reason. */
export const PRESET_RULES: Readonly<Record<Exclude<Preset, 'full'>, Rules>> = {
  'read-only': READ_ONLY,
  review: READ_ONLY,
  edit: { ...READ_ONLY, write: 'in-folder', run: 'in-folder' },
  plan: READ_ONLY,
};

const WHY_NOT: Partial<Readonly<Record<ToolClass, string>>> = {
  skill:
    'The text of a skill or command can open files and run programs before anything is judged. Read its file and take its steps one by one.',
  plan: 'Your plan is noted. Do not carry it out: end your turn with the plan as your answer.',
  'ask-person':
    'Nobody is at the keyboard. End your turn with the question as your answer; it comes back as a prompt.',
};

/** Whether a preset lets a call run. What it does not cover is denied: nothing is widened without a word. */
export function judgeByPreset(
  call: ToolCall,
  { preset, around }: { preset: Preset; around: Surroundings },
): ToolVerdict {
  if (preset === 'full') return { verdict: 'allow' };
  const kind = classOf(call.tool);
  const rule = PRESET_RULES[preset][kind];
  const reason = reasonAgainst(call, { kind, rule, preset, around });
  return reason === undefined ? { verdict: 'allow' } : { verdict: 'deny', reason };
}

function reasonAgainst(
  { tool, input, command }: ToolCall,
  { kind, rule, preset, around }: { kind: ToolClass; rule: Rule; preset: Preset; around: Surroundings },
): string | undefined {
  if (rule === 'yes') return undefined;
  if (rule === 'housekeeping') {
    if (command === 'housekeeping') return undefined;
    return `The preset ${preset} permits no command that does more than show or tidy the conversation: its text could open files and run programs before anything is judged.`;
  }
  if (rule === 'no') return WHY_NOT[kind] ?? `The preset ${preset} does not permit ${tool}.`;
  const because =
    kind === 'run'
      ? commandBecause(input['command'], { rule, around })
      : pathsBecause({ tool, input }, { kind, around });
  return because === undefined ? undefined : `The preset ${preset} does not permit this: ${because}.`;
}

function pathsBecause(
  { tool, input }: Pick<ToolCall, 'tool' | 'input'>,
  { kind, around }: { kind: ToolClass; around: Surroundings },
): string | undefined {
  const access: Access = kind === 'write' ? 'write' : 'read';
  const paths = PATH_KEYS.flatMap((key) => (input[key] === undefined ? [] : [input[key]]));
  // What Grep looks for in the lines is no path.
  const patterns = tool === 'Grep' ? [input['glob']] : [input['pattern'], input['glob']];
  for (const pattern of patterns) {
    if (typeof pattern !== 'string') continue;
    if (CLIMBS.test(pattern)) return `the pattern ${pattern} leads out of the folder`;
    paths.push(pattern);
  }
  if (paths.length === 0 && kind === 'write') return 'it names no file';
  // It looks into hidden files as well, and only the names of those that match may be shown.
  if (input['output_mode'] === 'content' && !isFile(input['path'], around)) {
    return 'lines are shown of a single file only; search with rg or git grep';
  }
  for (const path of paths) {
    if (typeof path !== 'string') return 'it names a file by something that is no text';
    const because = protectedBecause(path, { access, around });
    if (because !== undefined) return because;
  }
  return undefined;
}

/** A pattern that begins at the root, a home, or goes up, also in one of its alternatives. */
const CLIMBS = /(^|[{,(|])\s*([/~]|[A-Za-z]:)|(^|[/{,(|])\.\.([/},)|]|$)/;

function commandBecause(
  command: unknown,
  { rule, around }: { rule: Rule; around: Surroundings },
): string | undefined {
  if (typeof command !== 'string') return 'it has no command';
  const text = readShellText(command, { HOME: around.home, PWD: around.cwd });
  if (text === undefined) return 'its command is not understood as shell text';
  if (rule === 'look-only') {
    return (
      namesProtected(text, { access: 'read', around }) ?? moreThanLooking(text) ?? showsSecrets(text, around)
    );
  }
  const access: Access = moreThanLooking(text) === undefined ? 'read' : 'write';
  return namesProtected(text, { access, around }) ?? reachesOut(text);
}

/** A search through a folder shows lines of files that it does not name. */
function showsSecrets({ invocations }: ShellText, around: Surroundings): string | undefined {
  for (const invocation of invocations) {
    for (const folder of searchedFolders(invocation)) {
      const found = secretWithin(folder, around);
      if (found !== undefined)
        return `${invocation.name} would also search ${found}; name the files to search`;
    }
  }
  return undefined;
}

function namesProtected(
  { words, redirects, invocations }: ShellText,
  { access, around }: { access: Access; around: Surroundings },
): string | undefined {
  for (const { target, writes } of redirects) {
    if (target === undefined) return 'it redirects to or from what is computed';
    if (DEVICES.has(target)) continue;
    const because = protectedBecause(target, { access: writes ? 'write' : 'read', around });
    if (because !== undefined) return because;
  }
  for (const { name, words: own } of invocations) {
    if (name === 'cd' && own.length === 0) return 'cd without a folder leads out of the folder';
  }
  for (const { name } of invocations) {
    if (name === undefined || !name.includes('/') || SYSTEM_PROGRAM.test(name)) continue;
    const because = protectedBecause(name, { access: 'read', around });
    if (because !== undefined) return because;
  }
  for (const { text } of words) {
    for (const path of [...pathsIn(text), ...matchesOf(text, around)]) {
      const because = protectedBecause(path, { access, around });
      if (because !== undefined) return because;
    }
  }
  return undefined;
}

const SYSTEM_PROGRAM = /^\/(usr|bin|sbin|opt|nix|home\/linuxbrew)\/(?!.*\.\.)/;

/** What is there that a pattern stands for, hidden names only where it says so itself. */
function matchesOf(word: string, { cwd, home }: Surroundings): string[] {
  if (!/[*?[]/.test(word)) return [];
  const named = resolve(cwd, word === '~' || word.startsWith('~/') ? `${home}${word.slice(1)}` : word);
  const pattern = relative(cwd, named);
  // What leads out of the folder is judged as it is written.
  if (pattern.startsWith('..') || isAbsolute(pattern)) return [];
  const namesHidden = /(^|\/)\.[^./]/.test(word);
  return globSync(pattern, { cwd }).filter((path) => namesHidden || !/(^|\/)\./.test(path));
}

function isFile(path: unknown, { cwd }: Surroundings): boolean {
  return (
    typeof path === 'string' && statSync(resolve(cwd, path), { throwIfNoEntry: false })?.isFile() === true
  );
}

const DEVICES: ReadonlySet<string> = new Set([
  '/dev/null',
  '/dev/stdin',
  '/dev/stdout',
  '/dev/stderr',
  '/dev/tty',
]);
const URL = /^(?!file:)[a-z][a-z0-9+.-]*:\/\//i;

/** What of a word may be a path: the word, and what an option or a setting in it is set to. */
function pathsIn(word: string): string[] {
  const candidates = [
    word,
    ...word.split(/[=:,]/),
    word.replace(/^-{1,2}[A-Za-z]/, ''),
    word.replace(/^file:\/\//i, ''),
  ];
  return [...new Set(candidates)].filter(
    (text) => text !== '' && !DEVICES.has(text) && !URL.test(text) && mayBePath(text),
  );
}

/** A word from the root on is a path only where its first folder is there: a pattern or a route begins with a slash, too. */
function mayBePath(text: string): boolean {
  if (text.startsWith('-')) return false;
  const [, first, end = ''] = /^\/+([^/*?[]*)(.?)/.exec(text) ?? [];
  if (first === undefined) return true;
  // What a pattern in the first folder's name stands for nobody looks up: it is outside wherever it leads.
  return first === '' || /[*?[]/.test(end) || existsSync(`/${first}`);
}

/** Programs that act beyond the folder, on other machines, accounts or processes. */
const REACHING: ReadonlySet<string> = new Set([
  'sudo',
  'su',
  'doas',
  'pkexec',
  'ssh',
  'scp',
  'sftp',
  'rsync',
  'curl',
  'wget',
  'nc',
  'ncat',
  'telnet',
  'ftp',
  'docker',
  'podman',
  'kubectl',
  'systemctl',
  'service',
  'crontab',
  'at',
  'pkill',
  'killall',
  'shutdown',
  'reboot',
  'mount',
  'umount',
  'chroot',
  'nsenter',
  'unshare',
  'gh',
  'glab',
  'aws',
  'gcloud',
  'az',
  'terraform',
  'claude',
  'cahoots',
]);
const REACHING_PARTS: readonly (readonly [RegExp, RegExp])[] = [
  [/^git$/, /^(push|remote|credential|send-email|config|daemon|http-backend)$/],
  [/^(npm|pnpm|yarn|bun)$/, /^(publish|unpublish|login|adduser|token|owner|access|deprecate|dist-tag)$/],
  [/^cargo$/, /^(publish|login|yank|owner)$/],
  [/^(pip|poetry|twine|gem|mvn|gradle)$/, /^(upload|publish|push|deploy)$/],
];

function reachesOut({ invocations }: ShellText): string | undefined {
  for (const invocation of invocations) {
    const [program, ...rest] = programOf(invocation);
    if (program === undefined) continue;
    if (REACHING.has(program)) return `${program} reaches beyond the folder`;
    const part = REACHING_PARTS.find(([of]) => of.test(program))?.[1];
    const found = part && rest.find((word) => word !== undefined && part.test(word));
    if (found !== undefined) return `${program} ${found} reaches beyond the folder`;
  }
  return undefined;
}
