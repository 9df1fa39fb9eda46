import type { TakenSeat } from '../directory/take-seat.ts';
import type { SeatRecord } from '../protocol/seat.ts';

/**
 * Keeps the seat of one session. When the session has to sit on another seat than before, `onMoved` is called with a
 * sentence for the person and the model.
 */
export interface Seating {
  /** The seat that it sits on; undefined before `open` and after `leave`. */
  readonly seat: TakenSeat | undefined;
  /** The seat's record as it is on disk now: a person may have renamed it or set its attention. */
  readonly record: SeatRecord | undefined;
  /** Takes the seat that this session should have; nothing when it has one. */
  open(options: { ephemeral: boolean }): TakenSeat;
  /** Publishes facts of the session in `seat.json`; those that have not changed are not written again. */
  publish(facts: Partial<SeatRecord>): Promise<void>;
  /** Makes good what happened to the seat since the last call. */
  check(): Promise<void>;
  /** Leaves the seat. */
  leave(): void;
}
