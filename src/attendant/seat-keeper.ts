import { existsSync } from 'node:fs';
import type { AttendedHost } from '../agents/live-host.ts';
import type { ResolvedConfig } from '../config/config.ts';
import { hasMail, removeSeat } from '../directory/retention.ts';
import { currentHolder } from '../directory/seat-hold.ts';
import { readSeatRecord, updateSeatRecord } from '../directory/seat-record.ts';
import {
  leaveSeat,
  type SeatRequest,
  seatsOfConversation,
  type TakenSeat,
  takeSeat,
  takeSeatById,
} from '../directory/take-seat.ts';
import type { Clock } from '../lib/clock.ts';
import { thisProcess } from '../lib/process-identity.ts';
import { seatFolder } from '../mailbox/seat-folder.ts';
import type { SeatId } from '../protocol/ids.ts';
import type { SeatRecord } from '../protocol/seat.ts';
import { SeatUpkeep } from './seat-upkeep.ts';
import type { Seating } from './seating.ts';

export interface KeeperOptions {
  readonly config: ResolvedConfig;
  readonly clock: Clock;
  readonly host: Pick<AttendedHost, 'conversation' | 'transcript'>;
  readonly version: string;
  /** Called when the session sits on another seat than before, with a sentence for the person and the model. */
  readonly onMoved: (notice: string) => void;
}

/** A predecessor that is still ending frees its seat within this time. */
const RESTART_WINDOW_MS = 60_000;

/** Keeps the session's seat: takes it, shows that it is in use, follows the conversation, and leaves it at the end. */
export class SeatKeeper implements Seating {
  readonly #options: KeeperOptions;
  #seat: TakenSeat | undefined;
  #takenMs = 0;
  readonly #upkeep: SeatUpkeep;

  constructor(options: KeeperOptions) {
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

  /** Takes the seat that this conversation should have; nothing when it has one. */
  open({ ephemeral }: { ephemeral: boolean }): TakenSeat {
    this.#seat ??= this.#take(ephemeral);
    return this.#seat;
  }

  async publish(facts: Partial<SeatRecord>): Promise<void> {
    if (this.#seat !== undefined) await this.#upkeep.publish(this.#seat, facts);
  }

  /**
   * Makes good what happened to the seat since the last call: somebody with the older right took it, the conversation
   * changed, the predecessor's seat became free, v1 deleted the façade, a heartbeat is due.
   */
  async check(): Promise<void> {
    const seat = this.#seat;
    if (seat === undefined) return;
    if (!seat.hold.isCurrent())
      this.#move('another session came back to its conversation and took its seat again');
    else if (this.#hasOtherConversation(seat)) await this.#followConversation(seat);
    else if (seat.preferred !== undefined) this.#tryPreferred(seat);
    if (this.#seat !== undefined) await this.#upkeep.check(this.#seat);
  }

  /** Leaves the seat; an ephemeral one without mail is removed. */
  leave(): void {
    const { config, clock } = this.#options;
    const seat = this.#seat;
    const { record } = this;
    this.#seat = undefined;
    if (seat === undefined || record === undefined) return;
    leaveSeat({ root: config.root, clock }, seat.hold, record);
    if (record.ephemeral === true && !hasMail(seat.folder)) removeSeat(config.root, seat.folder);
  }

  #request(ephemeral: boolean): SeatRequest {
    const { config, clock, host, version } = this.#options;
    return {
      root: config.root,
      clock,
      projectPath: config.projectDir,
      conversation: host.conversation,
      process: thisProcess(),
      version,
      ephemeral,
    };
  }

  #take(ephemeral: boolean, left?: SeatId): TakenSeat {
    this.#takenMs = this.#options.clock.now();
    this.#upkeep.begin();
    return takeSeat({ ...this.#request(ephemeral), ...(left === undefined ? {} : { left }) });
  }

  #move(why: string): void {
    const before = this.#seat;
    // Who had to move waits for no seat to become free again: it would move back and forth.
    const taken = this.#take(before?.record.ephemeral === true, before?.folder.id);
    this.#seat = { ...taken, preferred: undefined };
    const { record } = this.#seat;
    this.#options.onMoved(
      `This session now sits on the seat ${record.name} (${record.sessionId}) instead of ${before?.record.name ?? 'its earlier one'} (${before?.folder.id ?? '-'}): ${why}.`,
    );
  }

  #isFree(id: SeatId): boolean {
    return currentHolder(seatFolder(this.#options.config.root, id))?.free !== false;
  }

  #hasOtherConversation(seat: TakenSeat): boolean {
    return this.#options.host.conversation !== seat.record.conversation;
  }

  /**
   * After /clear the seat stays, and so it does when the session goes back to a conversation that this seat had. When
   * the conversation had another seat, or an older one, that one is taken. A session that goes on with its last
   * conversation shows a new one first, for a moment.
   */
  async #followConversation(seat: TakenSeat): Promise<void> {
    const { config, clock, host } = this.#options;
    const { conversation } = host;
    const had = seat.record.pastConversations.includes(conversation);
    const own = seatsOfConversation({ root: config.root, clock, conversation }).find(
      ({ sessionId, startedAt }) =>
        sessionId !== seat.folder.id &&
        (!had || startedAt < seat.record.startedAt) &&
        this.#isFree(sessionId),
    );
    if (own !== undefined) {
      const { record } = this;
      if (record !== undefined) leaveSeat({ root: config.root, clock }, seat.hold, record);
      this.#move('it went back to a conversation that had this seat');
      return;
    }
    const past = [
      ...seat.record.pastConversations,
      ...(seat.record.conversation === undefined ? [] : [seat.record.conversation]),
    ];
    const pastConversations = [...new Set(past)].filter((id) => id !== conversation).slice(-20);
    this.#seat = { ...seat, record: { ...seat.record, conversation, pastConversations } };
    await updateSeatRecord(config.root, seat.folder, {
      conversation,
      pastConversations,
      transcript: host.transcript,
    });
  }

  #tryPreferred(seat: TakenSeat): void {
    const { config, clock } = this.#options;
    if (seat.preferred === undefined) return;
    const used = hasMail(seat.folder) || existsSync(seat.folder.sequence);
    if (used || clock.now() - this.#takenMs > RESTART_WINDOW_MS) {
      this.#seat = { ...seat, preferred: undefined };
      return;
    }
    const taken = takeSeatById(this.#request(false), seat.preferred);
    if (taken === undefined) return;
    this.#seat = taken;
    this.#upkeep.begin();
    // Should mail come at this moment, the seat stays, as one that nobody sits on.
    leaveSeat({ root: config.root, clock }, seat.hold, seat.record);
    removeSeat(config.root, seat.folder);
    this.#options.onMoved(
      `This session now sits on the seat ${taken.record.name} (${taken.record.sessionId}), which its predecessor has left.`,
    );
  }
}
