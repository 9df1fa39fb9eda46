import { styleText } from 'node:util';
import { cancelled } from '../client/mail-wait.ts';
import { printable } from './printable.ts';

export interface OutputOptions {
  readonly stdout: NodeJS.WriteStream;
  readonly stderr: NodeJS.WriteStream;
  readonly json: boolean;
  /** Ends a write that nobody reads. */
  readonly signal: AbortSignal;
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
    return this.#options.stdout.isTTY;
  }

  /** Whether a program reads the results. */
  get isJson(): boolean {
    return this.#options.json;
  }

  /** How many characters a line of the terminal has; Infinity when there is none. */
  get columns(): number {
    return this.isTerminal ? this.#options.stdout.columns : Number.POSITIVE_INFINITY;
  }

  /**
   * Prints a result and a line break. On a terminal nothing in it can act on the terminal; in a pipe it is exact.
   *
   * Resolves once it has left this process; rejects with the system's error (`EPIPE`), or `cancelled` when the signal
   * aborts before that.
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

  /** Prints a value as one line of JSON. */
  async printJson(value: unknown): Promise<void> {
    await this.#write(`${JSON.stringify(value)}\n`);
  }

  /** Tells the person something that is no result; programs that asked for JSON are not told. */
  note(text: string): void {
    if (!this.#options.json) this.complain(text);
  }

  /** Tells an error, whoever reads. */
  complain(text: string): void {
    this.clearStatus();
    this.#options.stderr.write(`${printable(text)}\n`);
  }

  /** Whether a line that is written again and again can be shown. */
  get hasStatusLine(): boolean {
    return this.#options.stderr.isTTY && !this.#options.json;
  }

  /** Replaces the status line below the output. */
  showStatus(text: string): void {
    if (!this.hasStatusLine) return;
    this.#hasStatus = true;
    this.#options.stderr.write(`${CLEAR_LINE}${printable(text).slice(0, this.#options.stderr.columns - 1)}`);
  }

  /** Removes the status line. */
  clearStatus(): void {
    if (!this.#hasStatus) return;
    this.#hasStatus = false;
    this.#options.stderr.write(CLEAR_LINE);
  }

  /** Styles a text when standard output is a terminal that takes styles and `NO_COLOR` is not set. */
  style(format: Parameters<typeof styleText>[0], text: string): string {
    return this.isTerminal ? styleText(format, text, { stream: this.#options.stdout }) : text;
  }

  async #write(text: string): Promise<void> {
    const { stdout, signal } = this.#options;
    this.clearStatus();
    if (signal.aborted) throw cancelled();
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const onAbort = (): void => reject(cancelled());
    signal.addEventListener('abort', onAbort, { once: true });
    stdout.write(text, (error) => (error ? reject(error) : resolve()));
    try {
      await promise;
    } finally {
      signal.removeEventListener('abort', onAbort);
    }
  }
}
