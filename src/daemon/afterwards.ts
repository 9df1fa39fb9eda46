/**
 * Does work once what is going on has come to rest, in the order in which it was given: the answer of a call and the next
 * prompt of a session are on their way before it.
 */
export class Afterwards {
  #waiting: (() => void)[] = [];
  #timer: NodeJS.Immediate | undefined;

  /** A throw of the work is the process's fault to tell: it is expected to see to its own. */
  add(work: () => void): void {
    this.#waiting.push(work);
    this.#timer ??= setImmediate(() => this.flush());
  }

  /** Does at once what waits. Idempotent. */
  flush(): void {
    clearImmediate(this.#timer);
    this.#timer = undefined;
    for (const work of this.#waiting.splice(0)) work();
  }
}
