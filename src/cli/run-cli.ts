import type { ClientContext } from '../client/client-context.ts';
import { toldError } from '../client/told-error.ts';
import { resolveConfig, resolvePaths } from '../config/config.ts';
import { systemClock } from '../lib/clock.ts';
import { errnoOf } from '../lib/errno.ts';
import { CahootsError } from '../protocol/errors.ts';
import type { Call, Input, TypedWords } from './command.ts';
import type { CommandLine } from './command-line.ts';
import { COMMANDS } from './command-table.ts';
import type { Ending } from './terminal/ending.ts';
import { Output } from './terminal/output.ts';
import type { StandardStream } from './terminal/standard-stream.ts';
import { optionKey, readPlainWords } from './text/plain-words.ts';

/** The process around a run of the command line. */
export interface Host {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly cwd: () => string;
  readonly stdin: () => Input;
  readonly stdout: StandardStream;
  readonly stderr: StandardStream;
  readonly ending: Ending;
  readonly version: string;
}

const BROKEN_PIPE = 141;

/**
 * Runs one command line and returns its exit status; errors are told here and never thrown. A run that was ended by a
 * signal returns whatever status it had come to.
 */
export async function runCli(words: readonly string[], host: Host): Promise<number> {
  const { stdout, stderr, ending } = host;
  // Before the words are understood they can only be searched: an error of theirs has to reach a program as JSON, too.
  const beforeText = words.slice(0, words.includes('--') ? words.indexOf('--') : words.length);
  const json = beforeText.includes('--json');
  const output = new Output({ stdout, stderr, json, signal: () => ending.armedSignal });
  try {
    const line = await understand(words, host.version);
    if (line.kind === 'text') {
      await output.printStyled(line.text.trimEnd());
      return 0;
    }
    return (await line.spec.run(callOf(line.words, { host, output }))) ?? 0;
  } catch (error) {
    return await tell(error, output);
  } finally {
    output.clearStatus();
  }
}

async function understand(words: readonly string[], version: string): Promise<CommandLine> {
  const plain = readPlainWords(words, COMMANDS);
  if (plain !== undefined) return { kind: 'call', ...plain };
  const { readCommandLine } = await import('./command-line.ts');
  return readCommandLine(words, { commands: COMMANDS, version });
}

function callOf(words: TypedWords, { host, output }: { host: Host; output: Output }): Call {
  const { env, cwd, version, ending } = host;
  const argument = (name: string): string | undefined => words.arguments[name];
  const option = (name: string): unknown => words.options[optionKey(name)];
  let context: ClientContext | undefined;
  return {
    get context() {
      context ??= {
        config: resolveConfig({ env, cwd: workingFolder(cwd) }),
        clock: systemClock,
        version,
      };
      return context;
    },
    get paths() {
      return resolvePaths({ env, cwd: workingFolder(cwd) });
    },
    get cwd() {
      return workingFolder(cwd);
    },
    version,
    output,
    get input() {
      return host.stdin();
    },
    get signal() {
      return ending.signal;
    },
    json: words.json,
    as: words.as,
    argument: (name) => argument(name) ?? '',
    optionalArgument: argument,
    option: (name) => {
      const value = option(name);
      return typeof value === 'string' ? value : undefined;
    },
    flag: (name) => option(name) === true,
  };
}

function workingFolder(cwd: () => string): string {
  try {
    return cwd();
  } catch (error) {
    throw new CahootsError('usage', 'The folder that this runs in is gone.', {
      remedy: 'Change to a folder that is there, and run it again.',
      cause: error,
    });
  }
}

async function tell(thrown: unknown, output: Output): Promise<number> {
  if (errnoOf(thrown) === 'EPIPE') return BROKEN_PIPE;
  const error = toldError(thrown);
  // Whoever ended the process knows that they did.
  if (error.code === 'cancelled') return error.exitStatus;
  if (output.isJson) {
    try {
      await output.printJson({ error });
    } catch (again) {
      if (errnoOf(again) !== 'EPIPE' && !(again instanceof CahootsError)) throw again;
    }
  } else output.complain(error.message);
  return error.exitStatus;
}
