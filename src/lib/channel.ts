/** Values that one side pushes and one reader takes, in order. It holds what has not been taken, without a bound. */
export class Channel<T> implements AsyncIterable<T> {
  readonly #values: T[] = [];
  #isClosed = false;
  #wake: (() => void) | undefined;

  /** Adds a value; dropped once it is closed. */
  push(value: T): void {
    if (this.#isClosed) return;
    this.#values.push(value);
    this.#wake?.();
  }

  /** Ends the reader after what was pushed. Idempotent. */
  close(): void {
    this.#isClosed = true;
    this.#wake?.();
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<T, void> {
    for (;;) {
      for (let value = this.#values.shift(); value !== undefined; value = this.#values.shift()) yield value;
      if (this.#isClosed) return;
      await new Promise<void>((resolve) => (this.#wake = resolve));
    }
  }
}
