export interface IdleWatchOptions {
  /** How long nothing may have happened. */
  readonly idleMs: number;
  readonly isBusy: () => boolean;
  /** Whether this process still is the daemon of its place. */
  readonly isOurs: () => boolean;
  /** Called once, with the reason. */
  readonly onIdle: (reason: string) => void;
}

const LOOK_MS = 5_000;

/** Ends a daemon that has had nothing to do for long, and one whose place is gone or somebody else's. */
export class IdleWatch {
  readonly #options: IdleWatchOptions;
  readonly #timer: NodeJS.Timeout;
  #busyAtMs = performance.now();

  constructor(options: IdleWatchOptions) {
    this.#options = options;
    this.#timer = setInterval(() => this.#look(), Math.min(LOOK_MS, options.idleMs));
  }

  /** Something has happened. */
  touch(): void {
    this.#busyAtMs = performance.now();
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  #look(): void {
    const { idleMs, isBusy, isOurs, onIdle } = this.#options;
    if (!isOurs()) {
      this.stop();
      onIdle('its place is gone or somebody else’s');
      return;
    }
    if (isBusy()) this.touch();
    if (performance.now() - this.#busyAtMs < idleMs) return;
    this.stop();
    onIdle('nothing to do');
  }
}
