import type { CommandSpec, OptionSpec, TypedWords } from '../command.ts';

/** The options that every command takes. */
export const COMMON_OPTIONS: readonly OptionSpec[] = [
  { name: 'json', summary: 'print JSON for programs' },
  {
    name: 'as',
    value: 'seat',
    summary: 'speak for this seat instead of the one of the folder or session',
  },
];

/** A command and the words for it. */
export interface PlainCall {
  readonly spec: CommandSpec;
  readonly words: TypedWords;
}

/**
 * Reads words that are all as the table of commands has them, in the way in which Commander reads them; undefined for
 * everything else: help, errors, and what takes a second thought.
 *
 * Most runs have nothing but plain words, and loading Commander takes a tenth of the time that such a run has.
 */
export function readPlainWords(
  words: readonly string[],
  commands: readonly CommandSpec[],
): PlainCall | undefined {
  let spec: CommandSpec | undefined;
  const values: string[] = [];
  const options = new Map<string, string | true>();
  for (let index = 0; index < words.length; index += 1) {
    const word = words[index] ?? '';
    if (spec !== undefined && word === '--') {
      values.push(...words.slice(index + 1));
      break;
    }
    if (word === '-' || !word.startsWith('-')) {
      if (spec !== undefined) values.push(word);
      else spec = commands.find(({ name }) => name === word);
      if (spec === undefined) return undefined;
      continue;
    }
    const option = readOption([word, words[index + 1]], [...COMMON_OPTIONS, ...(spec?.options ?? [])]);
    if (option === undefined) return undefined;
    options.set(option.name, option.value);
    if (option.tookNext) index += 1;
  }
  return spec === undefined ? undefined : asCall(spec, { values, options });
}

/** The name under which Commander gives the value of an option: `dryRun` for `dry-run`. */
export function optionKey(name: string): string {
  return name.replace(/-([a-z])/g, (_, letter: string) => letter.toUpperCase());
}

interface ReadOption {
  readonly name: string;
  readonly value: string | true;
  readonly tookNext: boolean;
}

function readOption(
  [word, next]: readonly [string, string | undefined],
  known: readonly OptionSpec[],
): ReadOption | undefined {
  const [, name, given] = /^--([a-z-]+)(?:=([^]*))?$/.exec(word) ?? [];
  const option = known.find((candidate) => candidate.name === name);
  if (option === undefined) return undefined;
  if (option.value === undefined)
    return given === undefined ? { name: option.name, value: true, tookNext: false } : undefined;
  const value = given ?? next;
  // What begins with a dash may be meant as an option that lost its value's place.
  if (value === undefined || value === '' || value.startsWith('-')) return undefined;
  return { name: option.name, value, tookNext: given === undefined };
}

function asCall(
  spec: CommandSpec,
  { values, options }: { values: readonly string[]; options: ReadonlyMap<string, string | true> },
): PlainCall | undefined {
  const args = spec.arguments ?? [];
  const fits = args.every(({ optional, choices }, index) => {
    const value = values[index];
    return value === undefined ? optional === true : (choices?.includes(value) ?? true);
  });
  if (!fits || values.length > args.length) return undefined;
  const own = (spec.options ?? []).flatMap(({ name, default: byDefault }) => {
    const value = options.get(name) ?? byDefault;
    return value === undefined ? [] : [[optionKey(name), value] as const];
  });
  const as = options.get('as');
  const words = {
    arguments: Object.fromEntries(args.map(({ name }, index) => [name, values[index]])),
    options: Object.fromEntries(own),
    json: options.has('json'),
    as: typeof as === 'string' ? as : undefined,
  };
  return { spec, words };
}
