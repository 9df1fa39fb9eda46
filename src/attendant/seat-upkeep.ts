import type { ResolvedConfig } from '../config/config.ts';
import { keepIdleShellSeats } from '../directory/idle-shell-seats.ts';
import { pruneSeat, pruneSeats } from '../directory/retention.ts';
import { readSeatRecord, updateSeatRecord } from '../directory/seat-record.ts';
import type { TakenSeat } from '../directory/take-seat.ts';
import { type Clock, isoSeconds } from '../lib/clock.ts';
import { buildFacade, hasFacade } from '../mailbox/facade.ts';
import type { SeatRecord } from '../protocol/seat.ts';

const HEARTBEAT_MS = 60_000;

/** Shows that a seat is in use as long as somebody sits on it, and looks after what is kept there. */
export class SeatUpkeep {
  readonly #config: ResolvedConfig;
  readonly #clock: Clock;
  #heartbeatMs = 0;
  #maintenanceTurn = 0;
  #published: Partial<SeatRecord> = {};

  constructor({ config, clock }: { config: ResolvedConfig; clock: Clock }) {
    this.#config = config;
    this.#clock = clock;
  }

  /** Call it when a seat has just been taken: that was a sign of life, and nothing is published there yet. */
  begin(): void {
    this.#heartbeatMs = this.#clock.now();
    this.#published = {};
  }

  /** Publishes facts of the session in `seat.json`; those that have not changed are not written again. */
  async publish(seat: TakenSeat, facts: Partial<SeatRecord>): Promise<void> {
    if (!seat.hold.isCurrent()) return;
    const changed = Object.entries(facts).filter(
      ([key, value]) => JSON.stringify(this.#published[key]) !== JSON.stringify(value),
    );
    if (changed.length === 0) return;
    Object.assign(this.#published, facts);
    await updateSeatRecord(this.#config.root, seat.folder, Object.fromEntries(changed));
  }

  /** Builds the façade again should v1 have deleted it, and gives a sign of life when one is due. */
  async check(seat: TakenSeat): Promise<void> {
    const { root } = this.#config;
    if (seat.hold.isCurrent() && !hasFacade(root, seat.folder.id))
      buildFacade(root, readSeatRecord(seat.folder) ?? seat.record);
    const nowMs = this.#clock.now();
    if (Math.abs(nowMs - this.#heartbeatMs) < HEARTBEAT_MS) return;
    this.#heartbeatMs = nowMs;
    seat.hold.renew();
    await updateSeatRecord(root, seat.folder, { lastHeartbeat: isoSeconds(nowMs) });
    const retention = { root, clock: this.#clock, ...this.#config.limits };
    keepIdleShellSeats(retention, this.#maintenanceTurn);
    pruneSeat(retention, seat.folder, this.#maintenanceTurn);
    // Looking at all seats costs more than one shard: once an hour is enough.
    if (this.#maintenanceTurn % 60 === 0) pruneSeats(retention);
    this.#maintenanceTurn += 1;
  }
}
