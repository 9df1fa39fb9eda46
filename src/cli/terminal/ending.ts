import { constants } from 'node:os';

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/**
 * How the person or system ends a run.
 *
 * A command that waits asks for {@link signal}; from then on the first signal that the process gets aborts it, and a second
 * one ends the process at once. A command that never asks is ended by the first signal, as the system does it.
 */
export class Ending {
  readonly #controller = new AbortController();
  readonly #exit: (status: number) => never;
  #isArmed = false;
  #status: number | undefined;

  constructor(exit: (status: number) => never) {
    this.#exit = exit;
  }

  /** Aborts on the first signal that comes after this has been asked for. */
  get signal(): AbortSignal {
    if (!this.#isArmed) for (const name of SIGNALS) process.on(name, () => this.#onSignal(name));
    this.#isArmed = true;
    return this.#controller.signal;
  }

  /** The same, as long as nobody has asked for it undefined. */
  get armedSignal(): AbortSignal | undefined {
    return this.#isArmed ? this.#controller.signal : undefined;
  }

  /** The exit status of a process that was ended by a signal; undefined when none came. */
  get status(): number | undefined {
    return this.#status;
  }

  #onSignal(name: (typeof SIGNALS)[number]): void {
    const status = 128 + constants.signals[name];
    if (this.#status !== undefined) this.#exit(status);
    this.#status = status;
    this.#controller.abort();
  }
}
