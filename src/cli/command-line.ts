import { Argument, Command, CommanderError, Option } from 'commander';
import { CahootsError } from '../protocol/errors.ts';
import type { CommandSpec, OptionSpec, TypedWords } from './command.ts';
import { COMMON_OPTIONS } from './text/plain-words.ts';

/** What was typed. */
export type CommandLine =
  | { readonly kind: 'call'; readonly spec: CommandSpec; readonly words: TypedWords }
  /** Help or the version: nothing runs. */
  | { readonly kind: 'text'; readonly text: string };

export interface CommandTable {
  readonly commands: readonly CommandSpec[];
  readonly version: string;
}

/**
 * Reads the words after `cahoots` by the table of commands.
 *
 * Throws `usage`, with the nearest known word, for what is not in the table.
 */
export function readCommandLine(words: readonly string[], { commands, version }: CommandTable): CommandLine {
  let call: CommandLine | undefined;
  let printed = '';
  const program = new Command('cahoots')
    .description('Lets coding-agent sessions ask each other, and people and scripts take part.')
    .version(version, '-V, --version', 'print the version')
    .helpOption('-h, --help', 'print help')
    .helpCommand('help [command]', 'print help for a command')
    .usage('<command> [options]')
    .exitOverride()
    .configureHelp({ showGlobalOptions: true })
    .configureOutput({ writeOut: (text) => (printed += text), writeErr: () => undefined })
    .addHelpText('after', '\nHelp with an example for each command: cahoots <command> --help');
  for (const option of COMMON_OPTIONS) program.addOption(asOption(option));
  for (const spec of commands) {
    const command = addCommand(program, spec);
    command.action(() => {
      call = { kind: 'call', spec, words: typedWords(command, spec) };
    });
  }
  try {
    if (words.length === 0) program.outputHelp();
    else program.parse(words, { from: 'user' });
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    if (error.exitCode !== 0) throw usageError(error, words);
  }
  return call ?? { kind: 'text', text: printed };
}

function addCommand(program: Command, spec: CommandSpec): Command {
  const { name, group, summary, details = [], arguments: args = [], options = [], example } = spec;
  const command = program
    .command(name)
    .summary(summary)
    .description([`${summary}.`, ...details].join('\n\n'))
    .helpGroup(`${group}:`)
    .addHelpText('after', `\nExample:\n${indent(example)}`);
  for (const { name: word, summary: meaning, optional, choices } of args) {
    const argument = new Argument(optional ? `[${word}]` : `<${word}>`, meaning);
    command.addArgument(choices === undefined ? argument : argument.choices(choices));
  }
  for (const option of options) command.addOption(asOption(option));
  return command;
}

function asOption({ name, value, summary, default: byDefault }: OptionSpec): Option {
  const option = new Option(value === undefined ? `--${name}` : `--${name} <${value}>`, summary);
  return byDefault === undefined ? option : option.default(byDefault);
}

function typedWords(command: Command, { arguments: args = [] }: CommandSpec): TypedWords {
  const { json, as, ...options } = command.optsWithGlobals<Record<string, unknown>>();
  const values = command.processedArgs as (string | undefined)[];
  return {
    arguments: Object.fromEntries(args.map(({ name }, index) => [name, values[index]])),
    options,
    json: json === true,
    as: typeof as === 'string' ? as : undefined,
  };
}

/** Commander writes "error: unknown command 'sned'\n(Did you mean send?)"; ours are sentences. */
function usageError({ message }: CommanderError, words: readonly string[]): CahootsError {
  const [first = '', ...rest] = message
    .replace(/^error: /, '')
    .replace(/command-argument value '(.*)' is invalid for argument '(.*)'\./, "'$1' is no $2.")
    .split('\n');
  const hint = rest.join(' ').replace(/^\((.*)\)$/, '$1');
  const what = `${first.charAt(0).toUpperCase()}${first.slice(1)}`;
  const sentence = /[.?!]$/.test(what) ? what : `${what}.`;
  const remedy = REMEDIES.find(([pattern]) => pattern.test(first))?.[1] ?? HELP;
  return new CahootsError('usage', [sentence, hint].filter((part) => part !== '').join(' '), {
    remedy,
    facts: { words: words.map((word) => word.slice(0, 200)) },
  });
}

const HELP = 'See: cahoots --help, and cahoots <command> --help';
const REMEDIES: readonly [RegExp, string][] = [
  [
    /^unknown option '.*\s/,
    'A text that begins with a dash goes behind "--", or to standard input with "-".',
  ],
  [/^too many arguments/, 'Put a text of several words into quotes.'],
];

function indent(text: string): string {
  return text.replace(/^/gm, '  ');
}
