import type { Proof } from '../agents/proof.ts';
import { isLong } from '../mail/offer-text.ts';
import type { ClaimedMessage } from '../mailbox/inbox.ts';
import type { MessageId } from '../protocol/ids.ts';
import type { DeliveryPath } from '../protocol/receipt.ts';

/**
 * A message on its way into the model's sight.
 *
 * ```
 * offered ──record holds it──▶ recorded ──assistant follows──▶ seen ──(short)──▶ leaves the book
 *    │                                                           └──(long)──▶ reading ──last page seen──▶ leaves
 *    │                    └──the conversation went on without it──▶ failed
 *    └──a boundary passed without it──▶ failed ──offered again, a few times by each path──▶ offered
 *                                          └──its record turns up late──▶ recorded
 * ```
 */
export interface Offer {
  readonly claimed: ClaimedMessage;
  readonly path: DeliveryPath;
  readonly offeredAtMs: number;
  /** What must be found in one record of the conversation. */
  readonly needles: readonly string[];
  /** The needles are those of the last page, or of all there is: once they are seen, the message is. */
  readonly isWhole: boolean;
  readonly phase: 'offered' | 'recorded' | 'reading' | 'failed';
  /** How often each path gave it to this conversation. */
  readonly times: ReadonlyMap<DeliveryPath, number>;
  /** When the host was seen to take it up as a prompt: its record is only a matter of time. */
  readonly takenAtMs: number | undefined;
  /** Since when the conversation is seen to go on on a branch without it, as after a rewind. */
  readonly abandonedAtMs: number | undefined;
  /** How many hooks have told of the session going on since the text was given. */
  readonly boundaries: number;
  /** Paths that were tried in vain. */
  readonly tried: ReadonlySet<DeliveryPath>;
  /** Its sender knows that there is no sign of it. */
  readonly isToldUnproved: boolean;
}

export interface NewOffer {
  readonly claimed: ClaimedMessage;
  readonly path: DeliveryPath;
  readonly needles: readonly string[];
  readonly nowMs: number;
}

const WAKES: ReadonlySet<DeliveryPath> = new Set(['inbox-socket', 'file-changed']);

/** The record of a text is written within this time after we gave it, also on a loaded machine. */
const RECORD_GRACE_MS = 5_000;
/** The same for a text that the host is known to have taken up. */
const TAKEN_GRACE_MS = 30_000;
/** How long the conversation must have gone on without a text before that is taken to be so. */
const ABANDONED_GRACE_MS = 2_000;
/** A path that failed to wake the session is tried again after this time, when there is no other one. */
const WAKE_AGAIN_AFTER_MS = 30_000;

/** A text that the conversation never shows is given by one path no more often than this: some hosts keep no record. */
export const MAX_OFFERS = 3;

/** The messages of one session that were put before the model and are not proved to be seen. */
export class OfferBook {
  readonly #offers = new Map<MessageId, Offer>();
  readonly #proof: Proof;

  constructor(proof: Proof) {
    this.#proof = proof;
  }

  get size(): number {
    return this.#offers.size;
  }

  all(): Offer[] {
    return [...this.#offers.values()];
  }

  get(id: MessageId): Offer | undefined {
    return this.#offers.get(id);
  }

  /** Notes that a message was put before the model, for the first time or again. */
  offer({ claimed, path, needles, nowMs }: NewOffer): void {
    if (this.#isNothingSought()) this.#proof.skipAhead();
    const earlier = this.#offers.get(claimed.message.id);
    const tried = new Set(earlier?.tried);
    const times = new Map(earlier?.times);
    times.set(path, (times.get(path) ?? 0) + 1);
    this.#offers.set(claimed.message.id, {
      claimed,
      path,
      offeredAtMs: nowMs,
      needles,
      isWhole: !isLong(claimed.message.content),
      phase: 'offered',
      times,
      takenAtMs: undefined,
      abandonedAtMs: undefined,
      boundaries: 0,
      tried,
      isToldUnproved: earlier?.isToldUnproved ?? false,
    });
  }

  /** The last page of a message went out: from now on that page's text is its proof. */
  expectLastPage(id: MessageId, page: string, nowMs: number): void {
    if (this.#isNothingSought()) this.#proof.skipAhead();
    const offer = this.#offers.get(id);
    if (offer !== undefined)
      this.#offers.set(id, {
        ...offer,
        needles: [page],
        isWhole: true,
        phase: 'offered',
        path: 'tool',
        offeredAtMs: nowMs,
        takenAtMs: undefined,
        abandonedAtMs: undefined,
        boundaries: 0,
      });
  }

  /** Takes a message out of the book: it was seen, given back, or answered. */
  remove(id: MessageId): Offer | undefined {
    const offer = this.#offers.get(id);
    if (this.#offers.delete(id) && this.#isNothingSought()) this.#proof.reset();
    return offer;
  }

  /** Looks into the conversation and returns those that are proved to be seen; {@link remove} takes them out. */
  findSeen(nowMs: number): Offer[] {
    if (this.#isNothingSought()) return [];
    const seen: Offer[] = [];
    for (const [id, offer] of this.#offers) {
      if (offer.phase === 'reading') continue;
      const state = this.#proof.stateOf(offer);
      if (state === 'recorded' || (state === 'abandoned' && offer.phase !== 'failed'))
        this.#offers.set(id, recordedOffer(offer, state === 'abandoned' ? nowMs : undefined));
      if (state !== 'seen') continue;
      if (offer.isWhole) seen.push(offer);
      else this.#offers.set(id, { ...offer, phase: 'reading' });
    }
    if (this.#isNothingSought()) this.#proof.reset();
    return seen;
  }

  /** The host shows a hook the prompt that it is about to take up: what stands in it has got through. No proof of more. */
  noteTaken(prompt: string, nowMs: number): void {
    for (const [id, offer] of this.#offers) {
      if (offer.phase !== 'recorded' && prompt.includes(`<peer-message id="${id}"`))
        this.#offers.set(id, { ...offer, phase: 'offered', takenAtMs: nowMs });
    }
  }

  /**
   * A hook tells that the session has gone on. What a hook or tool gave is in the conversation by the next one; what a
   * wake path gave is taken up only after the first, so it has failed when nothing of it is there at the second.
   */
  passBoundary(nowMs: number): void {
    this.#dropAbandoned(nowMs);
    for (const [id, offer] of this.#offers) {
      if (offer.phase !== 'offered') continue;
      const boundaries = offer.boundaries + 1;
      const isOver =
        boundaries >= (WAKES.has(offer.path) ? 2 : 1) && isOverdue(offer, nowMs, RECORD_GRACE_MS);
      this.#offers.set(id, isOver ? failedOffer(offer) : { ...offer, boundaries });
    }
  }

  /** The session is idle: what was given longer ago than its path may take has failed. */
  passIdle(nowMs: number, settleMs: (path: DeliveryPath) => number): void {
    this.#dropAbandoned(nowMs);
    for (const [id, offer] of this.#offers) {
      const graceMs = WAKES.has(offer.path) ? settleMs(offer.path) : RECORD_GRACE_MS;
      if (offer.phase === 'offered' && isOverdue(offer, nowMs, graceMs))
        this.#offers.set(id, failedOffer(offer));
    }
  }

  /** The path did not even take the text. */
  fail(id: MessageId): void {
    const offer = this.#offers.get(id);
    if (offer !== undefined) this.#offers.set(id, failedOffer(offer));
  }

  failed(): Offer[] {
    return this.all().filter(({ phase }) => phase === 'failed');
  }

  /** Those that were given often enough without a sign of them that their senders should know; each is returned once. */
  takeUnproved(): Offer[] {
    const unproved = this.failed().filter(
      ({ times, isToldUnproved }) => !isToldUnproved && sum([...times.values()]) >= MAX_OFFERS,
    );
    for (const offer of unproved)
      this.#offers.set(offer.claimed.message.id, { ...offer, isToldUnproved: true });
    return unproved;
  }

  /** Those that failed and may be given again by that path now. */
  failedFor(path: DeliveryPath, nowMs: number): Offer[] {
    return this.failed().filter(({ times, tried, offeredAtMs }) => {
      if ((times.get(path) ?? 0) >= MAX_OFFERS) return false;
      return !WAKES.has(path) || !tried.has(path) || nowMs - offeredAtMs >= WAKE_AGAIN_AFTER_MS;
    });
  }

  /** Whether anything is offered of which the outcome is still open. */
  hasOpen(): boolean {
    return this.all().some(({ phase }) => phase === 'offered' || phase === 'recorded');
  }

  /** Whether a text is on its way of which the conversation shows nothing yet. */
  hasUnrecorded(): boolean {
    return this.all().some(({ phase }) => phase === 'offered');
  }

  /** A record may be written after the one that follows it, but not for long. */
  #dropAbandoned(nowMs: number): void {
    for (const [id, offer] of this.#offers) {
      const { phase, abandonedAtMs } = offer;
      if (phase === 'recorded' && abandonedAtMs !== undefined && nowMs - abandonedAtMs >= ABANDONED_GRACE_MS)
        this.#offers.set(id, failedOffer(offer));
    }
  }

  #isNothingSought(): boolean {
    return this.all().every(({ phase }) => phase === 'reading');
  }
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}

function recordedOffer(offer: Offer, abandonedAtMs: number | undefined): Offer {
  const since = abandonedAtMs === undefined ? undefined : (offer.abandonedAtMs ?? abandonedAtMs);
  return { ...offer, phase: 'recorded', abandonedAtMs: since };
}

function isOverdue({ offeredAtMs, takenAtMs }: Offer, nowMs: number, graceMs: number): boolean {
  return takenAtMs === undefined ? nowMs - offeredAtMs >= graceMs : nowMs - takenAtMs >= TAKEN_GRACE_MS;
}

function failedOffer(offer: Offer): Offer {
  return { ...offer, phase: 'failed', tried: new Set([...offer.tried, offer.path]) };
}
