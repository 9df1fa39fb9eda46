const ID_BYTES = 16;

/** Notes ids, each with a figure, in room that is made beforehand: noting takes no memory while something is measured. */
export class Ledger {
  readonly #ids: Buffer;
  readonly #values: Float64Array;
  #count = 0;

  constructor(capacity: number) {
    // Filled, so that the pages are there from the beginning.
    this.#ids = Buffer.alloc(capacity * ID_BYTES, ' ');
    this.#values = new Float64Array(capacity).fill(1);
  }

  get count(): number {
    return this.#count;
  }

  add(id: string, value: number): void {
    if (this.#count === this.#values.length) throw new RangeError(`more than ${this.#count} messages came`);
    this.#ids.write(id, this.#count * ID_BYTES, ID_BYTES, 'latin1');
    this.#values[this.#count] = value;
    this.#count += 1;
  }

  ids(): string[] {
    return Array.from({ length: this.#count }, (_, index) =>
      this.#ids.toString('latin1', index * ID_BYTES, (index + 1) * ID_BYTES).trimEnd(),
    );
  }

  values(): number[] {
    return [...this.#values.subarray(0, this.#count)];
  }
}
