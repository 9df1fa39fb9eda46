import { fstatSync, writeSync } from 'node:fs';
import { cancelled } from '../../client/cancelled.ts';
import { errnoOf } from '../../lib/errno.ts';

/**
 * Standard output or standard error.
 *
 * Making a stream of it takes a tenth of the time of a short command, so text is written directly as long as nobody needs
 * to end the write: the system's default then ends the process, even while the reader is slow.
 */
export class StandardStream {
  readonly #fd: 1 | 2;
  readonly #open: () => NodeJS.WriteStream;
  #opened: NodeJS.WriteStream | undefined;
  #isDevice: boolean | undefined;

  constructor(fd: 1 | 2, open: () => NodeJS.WriteStream) {
    this.#fd = fd;
    this.#open = open;
  }

  /** Whether a person looks at it. */
  get isTerminal(): boolean {
    this.#isDevice ??= isDevice(this.#fd);
    return this.#isDevice && this.stream.isTTY;
  }

  /** How many characters a line has; Infinity when it is no terminal. */
  get columns(): number {
    return this.isTerminal ? this.stream.columns : Number.POSITIVE_INFINITY;
  }

  get stream(): NodeJS.WriteStream {
    if (this.#opened !== undefined) return this.#opened;
    this.#opened = this.#open();
    // A write that fails rejects where it was made; unheard, the event would end the process as well.
    this.#opened.on('error', () => undefined);
    return this.#opened;
  }

  /** Whether something was written that nobody has taken yet. */
  get hasUnread(): boolean {
    return (this.#opened?.writableLength ?? 0) > 0;
  }

  /**
   * Writes a text; resolves once it has left this process. Rejects with the system's error (`EPIPE`), or with `cancelled`
   * when the signal aborts before that.
   */
  async write(text: string, signal: AbortSignal | undefined): Promise<void> {
    if (signal?.aborted) throw cancelled();
    const rest = signal === undefined && this.#opened === undefined ? writeNow(this.#fd, text) : text;
    if (rest.length > 0) await this.#writeThrough(rest, signal);
  }

  async #writeThrough(text: string | Uint8Array, signal: AbortSignal | undefined): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const onAbort = (): void => reject(cancelled());
    signal?.addEventListener('abort', onAbort, { once: true });
    this.stream.write(text, (error) => (error ? reject(error) : resolve()));
    try {
      await promise;
    } finally {
      signal?.removeEventListener('abort', onAbort);
    }
  }
}

/** Writes as much as goes, and returns the rest: a pipe that does not block may be full. */
function writeNow(fd: number, text: string): Uint8Array {
  let rest: Uint8Array = Buffer.from(text);
  try {
    while (rest.length > 0) rest = rest.subarray(writeSync(fd, rest));
  } catch (error) {
    if (errnoOf(error) !== 'EAGAIN') throw error;
  }
  return rest;
}

function isDevice(fd: number): boolean {
  try {
    return fstatSync(fd).isCharacterDevice();
  } catch (error) {
    if (errnoOf(error) === undefined) throw error;
    return false;
  }
}
