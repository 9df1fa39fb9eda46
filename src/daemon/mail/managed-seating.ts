import { SeatUpkeep } from '../../attendant/seat-upkeep.ts';
import type { Seating } from '../../attendant/seating.ts';
import type { ResolvedConfig } from '../../config/config.ts';
import { takeManagedSeat } from '../../directory/managed-seat.ts';
import { readSeatRecord } from '../../directory/seat-record.ts';
import { leaveSeat, type TakenSeat } from '../../directory/take-seat.ts';
import type { Clock } from '../../lib/clock.ts';
import { thisProcess } from '../../lib/process-identity.ts';
import type { SeatRecord } from '../../protocol/seat.ts';
import type { ManagedHost } from './managed-host.ts';

export interface ManagedSeatingOptions {
  readonly config: ResolvedConfig;
  readonly clock: Clock;
  readonly version: string;
  readonly host: ManagedHost;
}

/** Keeps the seat that was made for a session of ours: this process holds it as long as the session has one of its own. */
export class ManagedSeating implements Seating {
  readonly #options: ManagedSeatingOptions;
  readonly #upkeep: SeatUpkeep;
  #seat: TakenSeat | undefined;

  constructor(options: ManagedSeatingOptions) {
    this.#options = options;
    this.#upkeep = new SeatUpkeep(options);
  }

  get seat(): TakenSeat | undefined {
    return this.#seat;
  }

  get record(): SeatRecord | undefined {
    if (this.#seat === undefined) return undefined;
    return readSeatRecord(this.#seat.folder) ?? this.#seat.record;
  }

  open(): TakenSeat {
    this.#seat ??= this.#take();
    return this.#seat;
  }

  async publish(facts: Partial<SeatRecord>): Promise<void> {
    if (this.#seat !== undefined) await this.#upkeep.publish(this.#seat, facts);
  }

  /** Makes good what happened since the last call: the agent left its conversation, a heartbeat is due. */
  async check(): Promise<void> {
    const seat = this.#seat;
    if (seat === undefined) return;
    const { conversation } = this.#options.host;
    if (this.record?.conversation !== conversation) await this.publish({ conversation });
    await this.#upkeep.check(seat);
  }

  leave(): void {
    const { config, clock } = this.#options;
    const seat = this.#seat;
    const { record } = this;
    this.#seat = undefined;
    if (seat !== undefined && record !== undefined)
      leaveSeat({ root: config.root, clock }, seat.hold, record);
  }

  #take(): TakenSeat {
    const { config, clock, version, host } = this.#options;
    const { id, cwd, conversation } = host.session;
    this.#upkeep.begin();
    const request = {
      root: config.root,
      clock,
      projectPath: cwd,
      conversation,
      process: thisProcess(),
      version,
    };
    return takeManagedSeat(request, id);
  }
}
