import { badNews } from '../mail/bad-news.ts';
import { lookAtWatches } from '../mail/subscriptions.ts';
import { foldReceipts } from '../mailbox/receipts.ts';
import type { SeatRecord } from '../protocol/seat.ts';
import type { MailDesk } from './mail-desk.ts';
import { noteOffered, type SessionParts, wakesNow } from './session-parts.ts';
import { AwayWatch, endSettledWaits, serveWaits } from './wait-service.ts';

export interface PumpOptions {
  readonly parts: SessionParts;
  /** What of the session is published in its seat's record after each look. */
  readonly facts: () => Partial<SeatRecord>;
}

/** How often the conversation is looked at while a text is on its way into it. */
const ATTENTIVE_MS = 150;
/** How often it is looked at for the model's next step after the text is in it. */
const PROOF_MS = 400;

/**
 * Looks at everything that may have changed, in one fixed order, one look at a time.
 *
 * The order is what makes mail safe: first where the session sits and what it shows, for all that follows belongs to
 * that; then what was proved, so that nothing seen is offered again; then what has become of own messages, so that no
 * call waits for an answer that cannot come; then new mail, which goes to a call that waits before it wakes anybody;
 * only what is left may cause a turn. What is published at the end is what all of this has led to.
 */
export class Pump {
  readonly #options: PumpOptions;
  readonly #awayWatch = new AwayWatch();
  #pumping: Promise<void> | undefined;
  #again = false;
  #timer: NodeJS.Timeout | undefined;

  constructor(options: PumpOptions) {
    this.#options = options;
  }

  /** Looks once more; calls during a look make one more. Never rejects. */
  run(): Promise<void> {
    this.#again = true;
    this.#pumping ??= this.#whileAsked().finally(() => {
      this.#pumping = undefined;
    });
    return this.#pumping;
  }

  /** Forgets the next look that was due by time. */
  stop(): void {
    clearTimeout(this.#timer);
  }

  async #whileAsked(): Promise<void> {
    const { life, onFault } = this.#options.parts;
    try {
      while (this.#again && !life.isClosed) {
        this.#again = false;
        await this.#look();
      }
    } catch (error) {
      onFault(error);
    }
  }

  async #look(): Promise<void> {
    const { life, host, activity, notices } = this.#options.parts;
    await life.check();
    const { desk } = life;
    if (desk === undefined) return;
    life.followConversation();
    desk.settleSeen();
    this.#hearOfOwnMessages();
    const { eligible, held } = desk.look();
    notices.announceHeld(held);
    const waiting = this.#serveWaits(desk, eligible);
    const idleForMs = activity.idleForMs();
    if (idleForMs !== undefined && idleForMs >= ATTENTIVE_MS) this.#passIdle(desk);
    desk.tellUnproved();
    // A program that drives a session decides about its turns: nobody else starts one there.
    if (idleForMs !== undefined && host.takesSeat) await this.#wake(desk, waiting);
    await life.publish(this.#options.facts());
    this.#schedule(desk);
  }

  /** Receipts, and waits that nothing comes for any more. */
  #hearOfOwnMessages(): void {
    const { config, clock, life, waits } = this.#options.parts;
    const { folder } = life.seat();
    const context = { root: config.root, clock, folder };
    const onFolded = badNews({ ...context, awaited: () => new Set(waits.asked()) });
    this.#attempt(() => foldReceipts(folder, onFolded));
    this.#attempt(() => endSettledWaits(waits, folder));
    this.#attempt(() => this.#awayWatch.endWaits(waits, context));
    const { expiresAfterMs } = config.limits;
    this.#attempt(() => lookAtWatches({ ...context, expiresAfterMs }));
  }

  #serveWaits(desk: MailDesk, eligible: ReturnType<MailDesk['look']>['eligible']): typeof eligible {
    const { waits, correspondent } = this.#options.parts;
    return serveWaits(waits, desk, {
      eligible,
      onOffered: (message) => noteOffered(this.#options.parts, [message]),
      read: (id) => correspondent.received(id),
    });
  }

  #passIdle(desk: MailDesk): void {
    const { clock, waker } = this.#options.parts;
    desk.offers.passIdle(clock.now(), (path) => waker.settleMs(path));
  }

  async #wake(desk: MailDesk, waiting: ReturnType<MailDesk['look']>['eligible']): Promise<void> {
    const { parts } = this.#options;
    const mayWake = wakesNow(parts, desk);
    const { conversation } = parts.life;
    noteOffered(parts, await parts.waker.wakeIfDue(desk, { waiting, mayWake, conversation }));
  }

  /** While a text is on its way, events alone do not tell: the record of the conversation has to be looked at. */
  #schedule(desk: MailDesk): void {
    clearTimeout(this.#timer);
    if (this.#options.parts.life.isClosed || !desk.offers.hasOpen()) return;
    this.#timer = setTimeout(() => void this.run(), desk.offers.hasUnrecorded() ? ATTENTIVE_MS : PROOF_MS);
  }

  /** A step that keeps no other one from being taken. */
  #attempt(step: () => unknown): void {
    try {
      step();
    } catch (error) {
      this.#options.parts.onFault(error);
    }
  }
}
