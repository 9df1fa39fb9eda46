import { type Command, forEachChild, parse, type SyntaxNode, type Word } from 'unbash';

/** One command of a shell text, by the words that are certain. */
export interface ShellInvocation {
  /** What it runs, as written; undefined where that is computed, or where it only assigns. */
  readonly name: string | undefined;
  /** Its words without redirections; undefined for a word that is computed. */
  readonly words: readonly (string | undefined)[];
}

/** What a shell text names and runs, wherever in it: in substitutions, loops, functions and here-documents as well. */
export interface ShellText {
  readonly invocations: readonly ShellInvocation[];
  /** Every word, as far as it is certain: what stands before a computed part counts, with `isWhole` false. */
  readonly words: readonly { readonly text: string; readonly isWhole: boolean }[];
  /** What it writes to or reads from by redirection; undefined for a computed target. */
  readonly redirects: readonly { readonly target: string | undefined; readonly writes: boolean }[];
  /** Whether it consists of nothing but commands, pipes and `&&`, `||`, `;`, whose words are all certain. */
  readonly isPlain: boolean;
}

const MAX_NESTING = 4;
/** Variables whose value is known: what a text names by them is named as by their values. */
export type KnownVariables = Readonly<Record<string, string>>;

/** Reads a shell text; undefined when it is not understood, and so cannot be judged. */
export function readShellText(source: string, variables: KnownVariables, depth = 0): ShellText | undefined {
  const script = parse(source);
  if ((script.errors ?? []).length > 0) return undefined;
  const found = { invocations: [], words: [], redirects: [], isPlain: true } as Collected;
  for (const command of script.commands) collect(command, { found, variables });
  const outer = found.invocations.slice();
  for (const invocation of outer) {
    const inner = textWithin(invocation);
    if (inner === 'none') continue;
    found.isPlain = false;
    if (inner === 'unknown' || depth >= MAX_NESTING) return undefined;
    const read = readShellText(inner.text, variables, depth + 1);
    if (read === undefined) return undefined;
    found.invocations.push(...read.invocations);
    found.words.push(...read.words);
    found.redirects.push(...read.redirects);
  }
  return found;
}

interface Collected {
  readonly invocations: ShellInvocation[];
  readonly words: { text: string; isWhole: boolean }[];
  readonly redirects: { target: string | undefined; writes: boolean }[];
  isPlain: boolean;
}

const PLAIN: ReadonlySet<string> = new Set([
  'Statement',
  'AndOr',
  'Pipeline',
  'Command',
  'Word',
  'Redirect',
  'FileDescriptor',
]);

function collect(node: SyntaxNode, to: { found: Collected; variables: KnownVariables }): void {
  const { found, variables } = to;
  if (node.type === 'Word') found.words.push(certain(node, variables));
  if (node.type === 'Command') {
    found.invocations.push(invocationOf(node, variables));
    // What is run is no argument; what it is computed by may hold commands.
    if (node.name !== undefined) forEachChild(node.name, (child) => collect(child, to));
    for (const part of [...node.prefix, ...node.suffix]) collect(part, to);
    return;
  }
  if (node.type === 'Redirect') {
    const target = node.target && certain(node.target, variables);
    // A number after `>&` is another descriptor, not a file.
    const isFile = target !== undefined && !(node.operator.endsWith('&') && /^(\d+|-)$/.test(target.text));
    if (isFile) {
      found.redirects.push({
        target: target.isWhole ? target.text : undefined,
        writes: node.operator !== '<',
      });
    }
  }
  if (!PLAIN.has(node.type) && !isLiteralPart(node)) found.isPlain = false;
  forEachChild(node, (child) => collect(child, to));
}

function invocationOf({ name, args }: Command, variables: KnownVariables): ShellInvocation {
  const words = args.map((word) => (word.type === 'Word' ? whole(word, variables) : word.text));
  return { name: name && whole(name, variables), words };
}

function whole(word: Word, variables: KnownVariables): string | undefined {
  const { text, isWhole } = certain(word, variables);
  return isWhole ? text : undefined;
}

/** What a word says for certain, up to the first part that is computed. */
function certain(word: Word, variables: KnownVariables): { text: string; isWhole: boolean } {
  if (word.parts === undefined) return { text: word.value, isWhole: true };
  let text = '';
  for (const part of word.parts) {
    const value = valueOf(part, variables);
    if (value === undefined) return { text, isWhole: false };
    text += value;
  }
  return { text, isWhole: true };
}

type Part = NonNullable<Word['parts']>[number];

function valueOf(part: Part, variables: KnownVariables): string | undefined {
  switch (part.type) {
    case 'Literal':
    case 'SingleQuoted':
    case 'AnsiCQuoted':
      return part.value;
    // A pattern stands for names that are there: it is judged as it is written.
    case 'Glob':
    case 'ExtendedGlob':
      return part.text;
    case 'DoubleQuoted': {
      const values = part.parts.map((inner) => valueOf(inner, variables));
      return values.every((value) => value !== undefined) ? values.join('') : undefined;
    }
    case 'SimpleExpansion':
      return variables[part.text.slice(1)];
    case 'ParameterExpansion':
      return part.operation === undefined && part.prefix === undefined
        ? variables[part.parameter]
        : undefined;
    default:
      return undefined;
  }
}

function isLiteralPart({ type }: SyntaxNode): boolean {
  return ['Literal', 'SingleQuoted', 'DoubleQuoted', 'AnsiCQuoted', 'Glob'].includes(type);
}

const SHELLS: ReadonlySet<string> = new Set(['sh', 'bash', 'dash', 'zsh', 'ksh']);

/** The shell text that a command hands to another shell. */
function textWithin({ name, words }: ShellInvocation): { text: string } | 'none' | 'unknown' {
  if (name === 'eval') {
    return words.every((word) => word !== undefined) ? { text: words.join(' ') } : 'unknown';
  }
  const flag = words.findIndex((word, index) => isFlagOfShell(word, index === 0 ? name : words[index - 1]));
  if (flag >= 0) {
    const text = words[flag + 1];
    return text === undefined ? 'unknown' : { text };
  }
  // Without a script a shell reads what to do from its input.
  const [program, ...rest] = programOf({ name, words });
  const hasScript = rest.some((word) => word === undefined || !word.startsWith('-'));
  return program !== undefined && SHELLS.has(program) && !hasScript ? 'unknown' : 'none';
}

function isFlagOfShell(word: string | undefined, before: string | undefined): boolean {
  return /^-[a-z]*c$/.test(word ?? '') && SHELLS.has(before?.split('/').at(-1) ?? '');
}

const WRAPPERS: ReadonlySet<string> = new Set([
  'env',
  'nohup',
  'time',
  'timeout',
  'xargs',
  'nice',
  'ionice',
  'stdbuf',
  'setsid',
  'command',
  'exec',
  'builtin',
  'watch',
  'npx',
  'pnpx',
  'bunx',
]);

/** The program that a command runs in the end, without its folder, and the words after it. */
export function programOf({ name, words }: ShellInvocation): readonly (string | undefined)[] {
  const all = [name, ...words];
  const index = all.findIndex((word, position) => {
    const program = word?.split('/').at(-1);
    return program === undefined || !(WRAPPERS.has(program) || (position > 0 && isOfWrapper(program)));
  });
  return index < 0 ? [] : [all[index]?.split('/').at(-1), ...all.slice(index + 1)];
}

/** An option, a time or a variable that stands between a wrapper and what it runs. */
function isOfWrapper(word: string): boolean {
  return word.startsWith('-') || /^\d+(\.\d+)?[smhd]?$/.test(word) || /^\w+=/.test(word);
}
