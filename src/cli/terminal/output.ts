import type { styleText } from 'node:util';
import { errnoOf } from '../../lib/errno.ts';
import { printable, printableJson } from '../text/printable.ts';
import type { StandardStream } from './standard-stream.ts';

export interface OutputOptions {
  readonly stdout: StandardStream;
  readonly stderr: StandardStream;
  readonly json: boolean;
  /** What ends a write that nobody reads; undefined while nothing needs to. */
  readonly signal: () => AbortSignal | undefined;
}

const CLEAR_LINE = '\r\u001b[2K';

/** Where a command prints: results on standard output, everything else on standard error. */
export class Output {
  readonly #options: OutputOptions;
  #hasStatus = false;

  constructor(options: OutputOptions) {
    this.#options = options;
  }

  /** Whether a person reads the results on a terminal. */
  get isTerminal(): boolean {
    return this.#options.stdout.isTerminal;
  }

  /** Whether a program reads the results. */
  get isJson(): boolean {
    return this.#options.json;
  }

  /** How many characters a line of the terminal has; Infinity when there is none. */
  get columns(): number {
    return this.#options.stdout.columns;
  }

  /**
   * Prints a result and a line break. On a terminal nothing in it can act on the terminal; in a pipe it is exact.
   *
   * Resolves once it has left this process; rejects with the system's error (`EPIPE`), or `cancelled` when a signal ends
   * the run before that.
   */
  async print(text: string): Promise<void> {
    await this.#write(`${this.isTerminal ? printable(text) : text}\n`);
  }

  /** Like {@link print}, for text in which a peer's words are made harmless already and which may have styles. */
  async printStyled(text: string): Promise<void> {
    await this.#write(`${text}\n`);
  }

  /** Prints lines; like {@link printStyled} otherwise. */
  async printLines(lines: readonly string[]): Promise<void> {
    await this.#write(lines.map((line) => `${line}\n`).join(''));
  }

  /** Prints each value as one line of JSON. */
  async printJson(...values: readonly unknown[]): Promise<void> {
    const lines = values.map((value) => `${JSON.stringify(value)}\n`).join('');
    await this.#write(this.isTerminal ? printableJson(lines) : lines);
  }

  /** Tells the person something that is no result; programs that asked for JSON are not told. */
  note(text: string): void {
    if (!this.#options.json) this.complain(text);
  }

  /** Tells an error, whoever reads. */
  complain(text: string): void {
    this.clearStatus();
    this.#tell(`${printable(text)}\n`);
  }

  /** Whether a line that is written again and again can be shown. */
  get hasStatusLine(): boolean {
    return !this.#options.json && this.#options.stderr.isTerminal;
  }

  /** Replaces the status line below the output. */
  showStatus(text: string): void {
    if (!this.hasStatusLine) return;
    this.#hasStatus = true;
    this.#tell(`${CLEAR_LINE}${printable(text).slice(0, this.#options.stderr.columns - 1)}`);
  }

  /** Removes the status line. */
  clearStatus(): void {
    if (!this.#hasStatus) return;
    this.#hasStatus = false;
    this.#tell(CLEAR_LINE);
  }

  /** Styles a text when standard output is a terminal that takes styles and `NO_COLOR` is not set. */
  style(format: Parameters<typeof styleText>[0], text: string): string {
    if (!this.isTerminal) return text;
    // Imported at the top it would load a good part of Node for every pipe.
    const util = process.getBuiltinModule('node:util');
    return util.styleText(format, text, { stream: this.#options.stdout.stream });
  }

  async #write(text: string): Promise<void> {
    this.clearStatus();
    await this.#options.stdout.write(text, this.#options.signal());
  }

  /** What is said on standard error is lost when nobody reads it; that must not lose a result. */
  #tell(text: string): void {
    this.#options.stderr.write(text, undefined).catch((error: unknown) => {
      if (errnoOf(error) === undefined) throw error;
    });
  }
}
