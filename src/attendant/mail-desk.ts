import { findSent } from '../client/message-lookup.ts';
import { trustChangedMs, verdictOf } from '../directory/trust.ts';
import { type Clock, isoMillis } from '../lib/clock.ts';
import type { ClaimOwner } from '../mailbox/claim-name.ts';
import { type ClaimedMessage, Inbox, type PendingMessage } from '../mailbox/inbox.ts';
import { recordState } from '../mailbox/receipts.ts';
import type { SeatFolder } from '../mailbox/seat-folder.ts';
import type { MessageId } from '../protocol/ids.ts';
import type { Message, PermissionClass } from '../protocol/message.ts';
import type { DeliveryPath } from '../protocol/receipt.ts';
import type { Attention } from '../protocol/seat.ts';
import type { ConversationProof } from './conversation-proof.ts';
import { decide } from './gate.ts';
import type { InboundRule } from './host-session.ts';
import { OfferBook } from './offer-book.ts';
import { MAX_BATCH_CHARACTERS, pageCount, renderMessage, renderOffer, renderPage } from './offer-text.ts';

export interface DeskOptions {
  readonly root: string;
  readonly clock: Clock;
  readonly folder: SeatFolder;
  readonly owner: ClaimOwner;
  readonly expiresAfterMs: number;
  readonly proof: ConversationProof;
  readonly session: () => {
    readonly conversation: string;
    readonly attention: Attention;
    readonly permissionClass: PermissionClass;
    readonly rule: InboundRule;
  };
}

/** Mail that the model may see now, and what the attendant handles by itself. */
export interface DeskView {
  readonly eligible: readonly PendingMessage[];
  readonly held: readonly PendingMessage[];
  /** Pings and ends of sessions: taken from the mailbox already, they cost no tokens. */
  readonly control: readonly Message[];
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
  /** Held messages of which the sender knows already, with the reason that it was told. */
  readonly #heldReasons = new Map<MessageId, string>();
  #trustSeenMs = 0;

  constructor(options: DeskOptions) {
    this.#options = options;
    this.offers = new OfferBook(options.proof);
    this.#inbox = new Inbox(options);
  }

  /** Takes back what earlier owners of this seat left claimed. */
  recover(): void {
    this.#inbox.recoverClaims();
  }

  /** Looks at what waits: refuses, holds, and takes what is for the attendant itself. */
  look(): DeskView {
    const eligible: PendingMessage[] = [];
    const held: PendingMessage[] = [];
    const control: Message[] = [];
    this.#trustSeenMs = trustChangedMs(this.#options.root);
    for (const pending of this.#inbox.pending()) {
      if (pending.from === this.#options.folder.id) this.#refuse(pending, 'a seat does not write to itself');
      else if (pending.type === 'ping' || pending.type === 'session-ended')
        control.push(...this.#takeControl(pending));
      else {
        const decision = this.#decide(pending);
        if (decision.kind === 'pass') eligible.push(pending);
        else if (decision.kind === 'refuse') this.#refuse(pending, decision.reason);
        else {
          held.push(pending);
          this.#tellHeld(pending, decision.reason);
        }
      }
    }
    return { eligible, held, control };
  }

  /** Whether a person changed a verdict since the last look. */
  trustChanged(): boolean {
    return trustChangedMs(this.#options.root) !== this.#trustSeenMs;
  }

  /** Claims messages and puts them before the model by `path`; undefined when there was none to take. */
  take(pending: readonly PendingMessage[], path: DeliveryPath): TakenMail | undefined {
    const blocks: string[] = [];
    const messages: Message[] = [];
    let characters = 0;
    for (const { id } of pending) {
      const claimed = this.#inbox.claim(id);
      if (claimed === undefined) continue;
      const block = this.#render(claimed.message);
      if (characters > 0 && characters + block.length > MAX_BATCH_CHARACTERS) {
        this.#inbox.release(claimed, { maybeSeen: false });
        break;
      }
      characters += block.length;
      blocks.push(block);
      messages.push(claimed.message);
      this.#noteOffer(claimed, path, block);
    }
    return this.#taken(blocks, messages, path);
  }

  /** Puts failed offers before the model again, headed as repeats; undefined when there is none. */
  takeFailed(path: DeliveryPath): TakenMail | undefined {
    const blocks: string[] = [];
    const messages: Message[] = [];
    for (const offer of this.offers.failed()) {
      const { claimed } = offer;
      const again = {
        ...claimed,
        message: { ...claimed.message, repeat: (claimed.message.repeat ?? 0) + 1 },
      };
      const block = this.#render(again.message);
      blocks.push(block);
      messages.push(again.message);
      this.#noteOffer(again, path, block);
    }
    return this.#taken(blocks, messages, path);
  }

  /** One page of a long message that was offered by its head; undefined when no such message is open here. */
  takePage(id: MessageId, page: number): string | undefined {
    const offer = this.offers.get(id);
    if (offer === undefined) return undefined;
    const text = renderPage(offer.claimed.message, page);
    if (page >= pageCount(offer.claimed.message.content))
      this.offers.expectLastPage(id, text, this.#options.clock.now());
    return text;
  }

  /** Settles what the conversation proves to be seen; returns those messages. */
  settleSeen(): Message[] {
    return this.offers.takeSeen().map(({ claimed, path }) => this.#settle(claimed, path));
  }

  /** The model has named the id in a call of ours: that proves that it saw the message. */
  settleQuoted(id: MessageId): void {
    const offer = this.offers.remove(id);
    if (offer !== undefined) this.#settle(offer.claimed, offer.path);
  }

  /** Takes a message that still waits for the model's own call about it (reply before it was offered). */
  takeQuoted(id: MessageId): void {
    const claimed = this.#inbox.claim(id);
    if (claimed !== undefined) this.#settle(claimed, 'tool');
  }

  /** Gives back what was not proved, for the next sitter or conversation. */
  releaseAll(): void {
    for (const { claimed } of this.offers.all()) {
      this.offers.remove(claimed.message.id);
      this.#inbox.release(claimed, { maybeSeen: true });
    }
  }

  /** The path did not take these offers: another one may. */
  failOffers(ids: readonly MessageId[]): void {
    for (const id of ids) this.offers.fail(id);
  }

  #settle(claimed: ClaimedMessage, path: DeliveryPath): Message {
    this.#inbox.settle(claimed);
    this.#record(claimed.message, { state: 'seen', path });
    return claimed.message;
  }

  #noteOffer(claimed: ClaimedMessage, path: DeliveryPath, block: string): void {
    this.offers.offer({ claimed, path, needles: [block], nowMs: this.#options.clock.now() });
    this.#heldReasons.delete(claimed.message.id);
  }

  #taken(blocks: readonly string[], messages: readonly Message[], path: DeliveryPath): TakenMail | undefined {
    if (messages.length === 0) return undefined;
    const confirm = (): void => {
      for (const message of messages) this.#record(message, { state: 'offered', path });
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

  #decide(pending: PendingMessage): ReturnType<typeof decide> {
    const { root, folder } = this.#options;
    const { attention, permissionClass, rule } = this.#options.session();
    return decide(pending, {
      rule,
      attention,
      ownClass: permissionClass,
      verdict: verdictOf(root, { sender: pending.from, receiver: folder.id }),
      answersOwnQuery: this.#answersOwnQuery(pending),
    });
  }

  #answersOwnQuery({ type, from, inReplyTo }: PendingMessage): boolean {
    if (type !== 'response' || inReplyTo === null) return false;
    return findSent(this.#options.folder, inReplyTo)?.message.to === from;
  }

  #takeControl(pending: PendingMessage): Message[] {
    const claimed = this.#inbox.claim(pending.id);
    if (claimed === undefined) return [];
    this.#inbox.settle(claimed);
    return [claimed.message];
  }

  #refuse(pending: PendingMessage, reason: string): void {
    const claimed = this.#inbox.claim(pending.id);
    if (claimed === undefined) return;
    this.#inbox.reject(claimed, reason);
    this.#record(claimed.message, { state: 'refused', reason });
  }

  #tellHeld(pending: PendingMessage, reason: string): void {
    if (this.#heldReasons.get(pending.id) === reason) return;
    this.#heldReasons.set(pending.id, reason);
    this.#record({ ...pending, content: '', status: 'pending' }, { state: 'held', reason });
  }

  #record(
    message: Message,
    what: { state: 'held' | 'refused' | 'offered' | 'seen'; path?: DeliveryPath; reason?: string },
  ): void {
    const { root, clock, folder } = this.#options;
    recordState(root, message, { ...what, at: isoMillis(clock.now()), by: folder.id });
  }
}
