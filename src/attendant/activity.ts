import type { HostStatus, SessionMoment } from '../agents/live-host.ts';
import type { Clock } from '../lib/clock.ts';
import type { SeatState } from '../protocol/seat.ts';

/** Whether the session works or rests, by its registry and, where that tells nothing, by its hooks. */
export class Activity {
  readonly #clock: Clock;
  readonly #status: () => HostStatus;
  #isBusyByHooks = false;
  #endedTurns = 0;
  #idleSinceMs: number | undefined;

  constructor({ clock, status }: { clock: Clock; status: () => HostStatus }) {
    this.#clock = clock;
    this.#status = status;
  }

  /** Takes in that a hook of the main conversation was called. */
  noteHook(moment: SessionMoment): void {
    if (moment === 'prompt') this.#isBusyByHooks = true;
    if (moment !== 'turn-end') return;
    this.#isBusyByHooks = false;
    this.#endedTurns += 1;
  }

  /** How many turns have ended since this was made; one that a peer's mail continues counts as ended all the same. */
  get endedTurns(): number {
    return this.#endedTurns;
  }

  /** Looks at what the session does now: for how long, in milliseconds, it has been idle; undefined while it works. */
  idleForMs(): number | undefined {
    if (this.state !== 'idle') {
      this.#idleSinceMs = undefined;
      return undefined;
    }
    this.#idleSinceMs ??= this.#clock.now();
    return this.#clock.now() - this.#idleSinceMs;
  }

  get state(): Extract<SeatState, HostStatus> {
    const status = this.#status();
    if (status !== 'unknown') return status;
    return this.#isBusyByHooks ? 'busy' : 'idle';
  }
}
