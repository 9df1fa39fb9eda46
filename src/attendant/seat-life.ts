import type { AttendedHost } from '../agents/live-host.ts';
import type { Proof } from '../agents/proof.ts';
import type { FolderWatch } from '../lib/folder-watch.ts';
import type { SeatInHand } from '../mail/correspondent.ts';
import { CahootsError } from '../protocol/errors.ts';
import type { SeatId } from '../protocol/ids.ts';
import type { SeatRecord } from '../protocol/seat.ts';
import type { MailDesk } from './mail-desk.ts';
import type { Seating } from './seating.ts';

/** What a session has to do with its seat. */
type Life =
  /** None is taken yet. */
  | { readonly at: 'without-seat' }
  | { readonly at: 'seated'; readonly desk: MailDesk; readonly watch: FolderWatch }
  /** The person had it leave: only they have it take one again. */
  | { readonly at: 'left' }
  /** For good. */
  | { readonly at: 'closed' };

/** What has to happen around a seat when it is taken, changed and left. */
export interface SeatLifeOptions {
  readonly host: AttendedHost;
  /** Makes what keeps the seat; it is to call `onMoved` as {@link Seating} says. */
  readonly seating: (onMoved: (notice: string) => void) => Seating;
  readonly proof: Proof;
  /** Makes ready the mail of a seat that the session sits on from now on, and watches its folders. */
  readonly settleIn: (seat: NonNullable<Seating['seat']>) => { desk: MailDesk; watch: FolderWatch };
  /** It has taken its seat back from a newer conversation. */
  readonly onGotBack: (record: SeatRecord) => void;
  /** It has settled in. */
  readonly onSettled: () => void;
  /** What was on its way, or asked, was so for another conversation or seat, whose mail this was. */
  readonly letGo: (desk: MailDesk | undefined) => void;
  /** The session sits on another seat than it did; called before it settles in there. */
  readonly onMoved: (notice: string, from: SeatId | undefined) => void;
  /** What else ends when the session leaves its seat; called before it does. */
  readonly onLeaving: () => void;
  /** It has left a seat that it held: the peers of late are to be told. */
  readonly onLeft: (seat: SeatInHand) => void;
  /** Where faults go that nobody waits for. */
  readonly onFault: (error: unknown) => void;
}

/**
 * The one owner of where a session sits, and of which conversation its mail is for: it takes the seat, moves, leaves it,
 * and lets go of what was on its way whenever the seat or the conversation is another one.
 */
export class SeatLife {
  readonly #options: SeatLifeOptions;
  readonly #keeper: Seating;
  #life: Life = { at: 'without-seat' };
  #conversation: string;

  constructor(options: SeatLifeOptions) {
    this.#options = options;
    this.#conversation = options.host.conversation;
    this.#keeper = options.seating((notice) => this.#move(notice));
  }

  /** The mail of the seat; undefined without one. */
  get desk(): MailDesk | undefined {
    return this.#life.at === 'seated' ? this.#life.desk : undefined;
  }

  get seatId(): SeatId | undefined {
    return this.#keeper.seat?.folder.id;
  }

  /** The seat's record as it is on disk now. */
  get record(): SeatRecord | undefined {
    return this.#keeper.record;
  }

  /** The one that the mail on its way is for. */
  get conversation(): string {
    return this.#conversation;
  }

  get hasLeft(): boolean {
    return this.#life.at === 'left';
  }

  get isClosed(): boolean {
    return this.#life.at === 'closed';
  }

  /** The seat of this session. Throws `seat-missing` when it has none. */
  seat(): SeatInHand {
    const { record } = this.#keeper;
    const folder = this.#keeper.seat?.folder;
    if (folder === undefined || record === undefined) throw seatMissing();
    return { folder, record };
  }

  /** The mail of the seat. Throws `seat-missing`. */
  deskInHand(): MailDesk {
    if (this.desk === undefined) throw seatMissing();
    return this.desk;
  }

  /** Takes a seat if the session has none: its own for a person's session, an ephemeral one for any other. */
  take(): void {
    const { host, onGotBack } = this.#options;
    if (this.isClosed) return;
    // Also when it fails now: what keeps it from its seat may be mended by the next hook.
    if (this.#life.at === 'left') this.#life = { at: 'without-seat' };
    if (this.#keeper.seat === undefined) {
      const { how, record } = this.#keeper.open({ ephemeral: !host.takesSeat });
      if (how === 'preempted') onGotBack(record);
    }
    if (this.desk === undefined) this.#settleIn();
  }

  /** Leaves the seat until {@link take}. Throws nothing. */
  leave(): void {
    this.#leaveFor({ at: 'left' });
  }

  /** Leaves the seat for good; may be called more than once. Throws nothing. */
  close(): void {
    if (!this.isClosed) this.#leaveFor({ at: 'closed' });
  }

  /** Makes good what happened to the seat since the last call. */
  check(): Promise<void> {
    return this.#keeper.check();
  }

  /** Publishes facts of the session in `seat.json`. */
  publish(facts: Partial<SeatRecord>): Promise<void> {
    return this.#keeper.publish(facts);
  }

  /** A message for an earlier conversation that was never proved there is offered again in this one. */
  followConversation(): void {
    const { host, proof, letGo } = this.#options;
    const { conversation, transcript } = host;
    if (conversation !== this.#conversation) {
      this.#conversation = conversation;
      letGo(this.desk);
      proof.follow(transcript, 'end');
    } else if (transcript !== proof.path) {
      proof.follow(transcript, (this.desk?.offers.size ?? 0) === 0 ? 'end' : 'beginning');
    }
  }

  #leaveFor(next: Extract<Life, { at: 'left' | 'closed' }>): void {
    const { onLeaving, letGo, onLeft, onFault } = this.#options;
    const before = this.#life;
    this.#life = next;
    if (before.at === 'seated') before.watch.close();
    onLeaving();
    letGo(before.at === 'seated' ? before.desk : undefined);
    try {
      const seat = this.#keeper.seat?.hold.isCurrent() === true ? this.seat() : undefined;
      // The host gives its servers half a second to end: the seat goes first, then the peers are told.
      this.#keeper.leave();
      if (seat !== undefined) onLeft(seat);
    } catch (error) {
      onFault(error);
    }
  }

  #settleIn(): void {
    const { host, proof, settleIn, onSettled } = this.#options;
    const { seat } = this.#keeper;
    if (seat === undefined) return;
    this.#conversation = host.conversation;
    proof.follow(host.transcript, 'end');
    if (this.#life.at === 'seated') this.#life.watch.close();
    this.#life = { at: 'seated', ...settleIn(seat) };
    onSettled();
  }

  /** What the old seat had claimed belongs to whoever sits there now. */
  #move(notice: string): void {
    const { onMoved, letGo } = this.#options;
    const { desk } = this;
    onMoved(notice, desk?.seatId);
    letGo(desk);
    if (this.#life.at === 'seated') this.#life.watch.close();
    this.#life = { at: 'without-seat' };
    this.#settleIn();
  }
}

function seatMissing(): CahootsError {
  return new CahootsError('seat-missing', 'This session has left its seat.', {
    remedy: 'Take it again with the seat tool, action "start" (/bridge start).',
  });
}
