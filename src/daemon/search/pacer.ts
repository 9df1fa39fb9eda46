import { CahootsError } from '../../protocol/errors.ts';

/** How long one stretch of work may keep the daemon from everything else. */
const STRETCH_MS = 8;

/** Lets the daemon's other work in between the steps of a long one. */
export class Pacer {
  #sinceMs = performance.now();
  #isEnded = false;

  /** To be awaited after every small step. Rejects with `closed` once {@link end} was called. */
  async breathe(): Promise<void> {
    if (this.#isEnded) throw closedError();
    if (performance.now() - this.#sinceMs < STRETCH_MS) return;
    await new Promise((resolve) => setImmediate(resolve));
    this.#sinceMs = performance.now();
    if (this.#isEnded) throw closedError();
  }

  /** Ends the work at its next step. */
  end(): void {
    this.#isEnded = true;
  }
}

function closedError(): CahootsError {
  return new CahootsError('closed', 'The daemon is ending.', { remedy: 'Call again: it is started anew.' });
}
