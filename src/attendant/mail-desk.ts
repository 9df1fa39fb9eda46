import type { Proof } from '../agents/proof.ts';
import type { Clock } from '../lib/clock.ts';
import {
  MAX_BATCH_CHARACTERS,
  pageCount,
  renderMessage,
  renderOffer,
  renderPage,
} from '../mail/offer-text.ts';
import type { ReceiptWriter } from '../mail/receipt-writer.ts';
import { type Receiver, Reception, type ReceptionView } from '../mail/reception.ts';
import type { GuardLimits } from '../mail/storm-guard.ts';
import type { ClaimOwner } from '../mailbox/claim-name.ts';
import { findReceived, findSent } from '../mailbox/find-message.ts';
import { type ClaimedMessage, Inbox, type PendingMessage } from '../mailbox/inbox.ts';
import type { SeatFolder } from '../mailbox/seat-folder.ts';
import { CahootsError } from '../protocol/errors.ts';
import type { MessageId, SeatId } from '../protocol/ids.ts';
import type { Message } from '../protocol/message.ts';
import type { DeliveryPath } from '../protocol/receipt.ts';
import { OfferBook } from './offer-book.ts';

export interface DeskOptions {
  readonly root: string;
  readonly clock: Clock;
  readonly folder: SeatFolder;
  readonly owner: ClaimOwner;
  readonly expiresAfterMs: number;
  readonly limits: GuardLimits;
  readonly proof: Proof;
  readonly receipts: ReceiptWriter;
  readonly session: () => Receiver & { readonly conversation: string };
  /** A text as it is written on a path: what the conversation is searched for. */
  readonly literal: (path: DeliveryPath, text: string) => string;
  /** Given what is for the attendant itself: pings and ends of sessions. They are taken already, and cost no tokens. */
  readonly onControl: (message: Message) => void;
  /** Told of each message that is proved to be seen. */
  readonly onSeen: (message: Message) => void;
}

export interface TakenMail {
  readonly text: string;
  readonly messages: readonly Message[];
  /** Call it once the path has taken the text: only then is it true that the messages were offered. */
  confirm(): void;
}

/** The mail of one seat as its session sees it: gate, offers, proofs and receipts. */
export class MailDesk {
  readonly #options: DeskOptions;
  readonly #inbox: Inbox;
  readonly offers: OfferBook;
  /** The door that mail has to pass. */
  readonly reception: Reception;

  constructor(options: DeskOptions) {
    this.#options = options;
    this.offers = new OfferBook(options.proof);
    this.#inbox = new Inbox(options);
    this.reception = new Reception({ ...options, inbox: this.#inbox, receiver: options.session });
  }

  /** Records what became of the mail of this seat. */
  get receipts(): ReceiptWriter {
    return this.#options.receipts;
  }

  /** The seat whose mail it is. */
  get seatId(): SeatId {
    return this.#options.folder.id;
  }

  /** Takes back what earlier owners of this seat left claimed. */
  recover(): void {
    this.#inbox.recoverClaims();
  }

  /** Looks at the pending mail: refuses, holds, and takes what is for the attendant itself. */
  look(): ReceptionView {
    return this.reception.look();
  }

  /** Tells the senders of what was offered again and again that there is no sign of it. */
  tellUnproved(): void {
    for (const { claimed, path, times } of this.offers.takeUnproved()) {
      const count = [...times.values()].reduce((sum, more) => sum + more, 0);
      const reason = `put before the session ${count} times, and its conversation does not show it`;
      this.reception.record(claimed.message, { state: 'offered', path, reason, unproved: true });
    }
  }

  /** Claims messages and puts them before the model by `path`; undefined when there was none to take. */
  take(pending: readonly PendingMessage[], path: DeliveryPath): TakenMail | undefined {
    const batch = new Batch();
    for (const { id } of pending) {
      const claimed = this.#inbox.claim(id);
      if (claimed === undefined) continue;
      const message = this.reception.asTold(claimed.message);
      const block = this.#orGiveBack(claimed, () => this.#render(message));
      if (!batch.add(message, block)) {
        this.#inbox.release(claimed, { maybeSeen: false });
        break;
      }
      this.#noteOffer(claimed, path, block);
    }
    return this.#taken(batch, path);
  }

  /** Puts failed offers that `may` come now before the model again, headed as repeats; undefined when there is none. */
  takeFailed(path: DeliveryPath, may: (message: Message) => boolean = () => true): TakenMail | undefined {
    const batch = new Batch();
    for (const { claimed } of this.offers.failedFor(path, this.#options.clock.now())) {
      if (!may(claimed.message)) continue;
      const message = { ...claimed.message, repeat: (claimed.message.repeat ?? 0) + 1 };
      const block = this.#render(message);
      if (!batch.add(message, block)) break;
      this.#noteOffer({ ...claimed, message }, path, block);
    }
    return this.#taken(batch, path);
  }

  /**
   * One page of a message that was offered, or that waits and may be seen: giving a page of it is an offer of it.
   *
   * Undefined when it is neither: it was handled before, or is not here. Throws `usage` for a page that there is not, and
   * `message-held` or `message-refused` for a message that the gate keeps from the model.
   */
  takePage(id: MessageId, page: number): { readonly text: string; readonly message: Message } | undefined {
    const offered = this.offers.get(id);
    const claimed = offered?.claimed ?? this.#claimIfEligible(id);
    if (claimed === undefined) return undefined;
    const { message } = claimed;
    const text = this.#orGiveBack(offered === undefined ? claimed : undefined, () =>
      renderPage(message, page),
    );
    if (offered === undefined) {
      this.#noteOffer(claimed, 'tool', text);
      this.reception.record(message, { state: 'offered', path: 'tool' });
    }
    if (page >= pageCount(message.content)) this.offers.expectLastPage(id, text, this.#options.clock.now());
    return { text, message };
  }

  /** Settles what the conversation proves to be seen; returns those messages. */
  settleSeen(): Message[] {
    return this.offers
      .findSeen(this.#options.clock.now())
      .map((offer) => this.#settle(offer.claimed, offer.path));
  }

  /**
   * The model has named the id in a call of ours: that proves that it saw the message, also one that only waited.
   *
   * Throws `message-held` or `message-refused` for a message that the gate keeps from the model.
   */
  quote(id: MessageId): void {
    const offer = this.offers.get(id);
    const claimed = offer?.claimed ?? this.#claimIfEligible(id);
    if (claimed === undefined) return;
    this.#settle(claimed, offer?.path ?? 'tool');
  }

  /** Gives back what was not proved, for the next sitter or conversation. What cannot be given back stays taken. */
  releaseAll(): void {
    const faults: unknown[] = [];
    for (const { claimed } of this.offers.all()) {
      try {
        this.#inbox.release(claimed, { maybeSeen: true });
        this.offers.remove(claimed.message.id);
      } catch (error) {
        faults.push(error);
      }
    }
    if (faults.length > 0) throw faults[0];
  }

  /** The path did not take these offers: another one may. */
  failOffers(ids: readonly MessageId[]): void {
    for (const id of ids) this.offers.fail(id);
  }

  #settle(claimed: ClaimedMessage, path: DeliveryPath): Message {
    this.#inbox.settle(claimed);
    this.offers.remove(claimed.message.id);
    this.reception.record(claimed.message, { state: 'seen', path });
    this.#options.onSeen(claimed.message);
    return claimed.message;
  }

  #noteOffer(claimed: ClaimedMessage, path: DeliveryPath, block: string): void {
    const needles = [this.#options.literal(path, block)];
    this.offers.offer({ claimed, path, needles, nowMs: this.#options.clock.now() });
    this.reception.forgetHeld(claimed.message.id);
  }

  #taken({ blocks, messages }: Batch, path: DeliveryPath): TakenMail | undefined {
    if (messages.length === 0) return undefined;
    const confirm = (): void => {
      for (const message of messages) this.reception.record(message, { state: 'offered', path });
    };
    return { text: renderOffer(blocks, messages), messages, confirm };
  }

  #render(message: Message): string {
    const asked = message.inReplyTo === null ? undefined : findSent(this.#options.folder, message.inReplyTo);
    return renderMessage(message, {
      conversation: this.#options.session().conversation,
      askedBy: asked?.message.metadata.fromConversation,
    });
  }

  /** Claims a message that waits and that the gate lets through; undefined when no such message waits. */
  #claimIfEligible(id: MessageId): ClaimedMessage | undefined {
    const { eligible, held } = this.look();
    if (held.some((pending) => pending.id === id)) throw keptBack(id, 'held');
    if (eligible.some((pending) => pending.id === id)) return this.#inbox.claim(id);
    if (findReceived(this.#options.folder, id)?.place === 'rejected') throw keptBack(id, 'refused');
    return undefined;
  }

  #orGiveBack<T>(claimed: ClaimedMessage | undefined, work: () => T): T {
    try {
      return work();
    } catch (error) {
      if (claimed !== undefined) this.#inbox.release(claimed, { maybeSeen: false });
      throw error;
    }
  }
}

/** Messages that together fit into one turn; the first one always does. */
class Batch {
  readonly blocks: string[] = [];
  readonly messages: Message[] = [];
  #characters = 0;

  /** Adds a message, or returns false when it does not fit any more. */
  add(message: Message, block: string): boolean {
    if (this.#characters > 0 && this.#characters + block.length > MAX_BATCH_CHARACTERS) return false;
    this.#characters += block.length;
    this.blocks.push(block);
    this.messages.push(message);
    return true;
  }
}

function keptBack(id: MessageId, how: 'held' | 'refused'): CahootsError {
  return how === 'held'
    ? new CahootsError('message-held', `${id} is held for the user.`, {
        remedy: `Only they can let it through, with: cahoots accept ${id}`,
        facts: { id },
      })
    : new CahootsError('message-refused', `${id} was refused and is not shown.`, {
        remedy: `The user can look at it with: cahoots show ${id}`,
        facts: { id },
      });
}
