import type { ClientContext } from '../client/client-context.ts';
import type { ResolvedPaths } from '../config/config.ts';
import type { Output } from './terminal/output.ts';

/** A word that a command takes, in its place. */
export interface ArgumentSpec {
  readonly name: string;
  readonly summary: string;
  readonly optional?: boolean;
  readonly choices?: readonly string[];
}

/** An option of one command. Every command also takes `--json`, `--as <seat>` and `--help`. */
export interface OptionSpec {
  /** Without dashes: `wait`. */
  readonly name: string;
  /** What follows it, `seconds`; left out for a switch. */
  readonly value?: string;
  readonly summary: string;
  readonly default?: string;
}

/** What an exit status of a command means. Those of {@link EXIT_STATUSES} that are left out have the general meaning. */
export type ExitMeanings = Readonly<Partial<Record<0 | 1 | 3 | 4 | 5, string>>>;

/** One command of the command line, as data: help, documentation and parsing are made from it. */
export interface CommandSpec {
  readonly name: string;
  readonly group: CommandGroup;
  /** One line, without a full stop. */
  readonly summary: string;
  /** Further paragraphs. */
  readonly details?: readonly string[];
  readonly arguments?: readonly ArgumentSpec[];
  readonly options?: readonly OptionSpec[];
  /** What standard output has with `--json`. */
  readonly json: string;
  readonly example: string;
  readonly exit: ExitMeanings;
  /** Does it; returns the exit status when that is not 0. */
  readonly run: (call: Call) => Promise<number | void>;
}

export type CommandGroup = 'Mail' | 'Seats' | 'Managed sessions' | 'Who may reach you' | 'This machine';

/** What was typed: arguments and options by their names. */
export interface TypedWords {
  readonly arguments: Readonly<Record<string, string | undefined>>;
  /** In the form `dryRun`, without those that every command takes. */
  readonly options: Readonly<Record<string, unknown>>;
  readonly json: boolean;
  readonly as: string | undefined;
}

/** Standard input. */
export type Input = NodeJS.ReadStream & { readonly fd: number };

/** One run of a command: what was typed, and what it works with. */
export interface Call {
  /** Resolved when it is first asked for. Throws `setting-invalid`. */
  readonly context: ClientContext;
  /** Where everything is; known also where the person's settings cannot be read. */
  readonly paths: ResolvedPaths;
  /** The folder that the process works in, absolute. Throws `usage` when it is gone. */
  readonly cwd: string;
  /** The version of this program. */
  readonly version: string;
  readonly output: Output;
  readonly input: Input;
  /** Aborts when the person or system ends the process. */
  readonly signal: AbortSignal;
  readonly json: boolean;
  /** The seat that `--as` names. */
  readonly as: string | undefined;
  /** A required argument, or one with a value. */
  argument(name: string): string;
  optionalArgument(name: string): string | undefined;
  option(name: string): string | undefined;
  flag(name: string): boolean;
}

/** What every command's exit status means. */
export const EXIT_STATUSES = {
  0: 'done',
  1: 'anything else that went wrong',
  2: 'used in a way that cannot work: an unknown command, option or value',
  3: 'an unknown or ambiguous peer or seat',
  4: 'the time was up; the last known state is told',
  5: 'held or refused',
  130: 'ended by SIGINT (Ctrl-C)',
  141: 'whoever read the output went away',
  143: 'ended by SIGTERM',
} as const;
