import { verdictOf } from '../directory/trust.ts';
import type { Clock } from '../lib/clock.ts';
import { findReceived, findSent } from '../mailbox/find-message.ts';
import { firstAnswerTo, noteFirstAnswer } from '../mailbox/first-answer.ts';
import type { ClaimedMessage, Inbox, PendingMessage } from '../mailbox/inbox.ts';
import type { SeatFolder } from '../mailbox/seat-folder.ts';
import type { MessageId } from '../protocol/ids.ts';
import type { InboundRule, Message, PermissionClass } from '../protocol/message.ts';
import type { Attention } from '../protocol/seat.ts';
import { ArrivalPace } from './arrival-pace.ts';
import { outcomeOf } from './bad-news.ts';
import { decide, type GateDecision } from './gate.ts';
import type { ReceiptRecord, ReceiptWriter } from './receipt-writer.ts';
import type { GuardLimits } from './storm-guard.ts';
import { watchOutcome } from './subscriptions.ts';

/** What of the receiver tells whether a message may reach it now. */
export interface Receiver {
  readonly attention: Attention;
  readonly permissionClass: PermissionClass;
  readonly rule: InboundRule;
}

export interface ReceptionOptions {
  readonly root: string;
  readonly clock: Clock;
  readonly folder: SeatFolder;
  readonly inbox: Inbox;
  readonly receipts: ReceiptWriter;
  readonly limits: GuardLimits;
  readonly receiver: () => Receiver;
  /**
   * Takes what is for the keeper of the seat and not for its reader: pings and ends of sessions. Left out, the reader gets
   * them like all other mail.
   */
  readonly onControl?: (message: Message) => void;
}

/** Pending mail: what the reader may have now, and what is held for a person. */
export interface ReceptionView {
  readonly eligible: readonly PendingMessage[];
  readonly held: readonly PendingMessage[];
}

/** A person at a prompt decides by reading: nothing is held from a shell. */
export const SHELL_RECEIVER: Receiver = { attention: 'open', permissionClass: 'asks', rule: 'accept' };

/**
 * The door of a mailbox, the same for sessions and shells: refuses what breaks the rules, holds what a person decides
 * about, and keeps the rest for the reader. The sender of what is refused or held is told.
 */
export class Reception {
  readonly #options: ReceptionOptions;
  readonly #pace: ArrivalPace;
  /** Held messages of which the sender knows already, with the reason that it was told. */
  readonly #heldReasons = new Map<MessageId, string>();

  constructor(options: ReceptionOptions) {
    this.#options = options;
    this.#pace = new ArrivalPace(options.limits.pairMessagesPerMinute);
  }

  /** Looks at the pending mail. */
  look(): ReceptionView {
    const { folder, inbox, clock, receipts, onControl } = this.#options;
    receipts.flush();
    const eligible: PendingMessage[] = [];
    const held: PendingMessage[] = [];
    for (const pending of inbox.pending()) {
      if (pending.type === 'notice') this.#lookAtNotice(pending, eligible);
      else if (pending.from === folder.id) this.#refuse(pending, 'a seat does not write to itself');
      else {
        const decision = this.#decide(pending);
        if (decision.kind === 'refuse') this.#refuse(pending, decision.reason);
        else if (onControl !== undefined && isControl(pending)) this.#takeControl(pending, onControl);
        else if (decision.kind === 'pass') eligible.push(pending);
        else {
          held.push(pending);
          this.#tellHeld(pending, decision.reason);
        }
      }
    }
    this.#pace.forget(clock.now());
    return { eligible, held };
  }

  /** Whether a message is the first response to a query that this seat sent to that very peer. */
  answersOwnQuery({
    id,
    type,
    from,
    inReplyTo,
  }: Pick<Message, 'id' | 'type' | 'from' | 'inReplyTo'>): boolean {
    if (type !== 'response' || inReplyTo === null) return false;
    const { folder } = this.#options;
    const asked = findSent(folder, inReplyTo)?.message;
    if (asked?.type !== 'query' || asked.to !== from) return false;
    const first = firstAnswerTo(folder, inReplyTo);
    return first === undefined || first === id;
  }

  /** Whether a message is a notice for which the session waits: of its question, or of what it subscribed to. */
  tellsOutcome(message: Pick<Message, 'type' | 'inReplyTo' | 'metadata'>): boolean {
    return message.type === 'notice' && this.#verifiedNotice(message)?.mayWake === true;
  }

  /** The message as it may be shown: a notice in the words of this seat's own records. */
  asTold(message: Message): Message {
    if (message.type !== 'notice') return message;
    return { ...message, content: this.#verifiedNotice(message)?.text ?? '' };
  }

  /** Records at the sender what became of a message. */
  record(message: Message, what: ReceiptRecord): void {
    // A seat needs no receipt for what it tells itself.
    if (message.type !== 'notice') this.#options.receipts.record(message, what);
  }

  /** A held message was shown after all: when it is held again, its sender is told again. */
  forgetHeld(id: MessageId): void {
    this.#heldReasons.delete(id);
  }

  #decide(pending: PendingMessage): GateDecision {
    const { root, folder, limits, receiver } = this.#options;
    const { attention, permissionClass, rule } = receiver();
    const verdict = verdictOf(root, { sender: pending.from, receiver: folder.id });
    if (isControl(pending))
      return verdict === 'blocked'
        ? { kind: 'refuse', reason: 'the receiver has blocked this peer' }
        : { kind: 'pass' };
    const isTooMany = !this.#pace.allows(pending);
    const answersOwnQuery = this.answersOwnQuery(pending);
    const decision =
      pending.type === 'progress'
        ? this.#decideProgress(pending, { isBlocked: verdict === 'blocked', isTooMany })
        : decide(pending, {
            rule,
            attention,
            limits,
            isTooMany,
            ownClass: permissionClass,
            verdict,
            answersOwnQuery,
          });
    // The next ones that name the query come by the ordinary gate: one question is no lasting pass.
    if (answersOwnQuery && decision.kind === 'pass' && pending.inReplyTo !== null)
      noteFirstAnswer(folder, pending.inReplyTo, pending.id);
    if (decision.kind !== 'refuse' && !answersOwnQuery) this.#pace.note(pending);
    return decision;
  }

  /** Progress is accepted only from the two seats that agreed on the request. */
  #decideProgress(
    pending: PendingMessage,
    { isBlocked, isTooMany }: { isBlocked: boolean; isTooMany: boolean },
  ): GateDecision {
    if (isBlocked) return { kind: 'refuse', reason: 'the receiver has blocked this peer' };
    if (!this.#isOfRequest(pending))
      return { kind: 'refuse', reason: 'it names no request of these two seats' };
    if (isTooMany)
      return { kind: 'refuse', reason: 'its sender has sent more messages in a minute than are let through' };
    return { kind: 'pass' };
  }

  /** Whether progress is of a request that this seat made to its sender, or calls off one that the sender made. */
  #isOfRequest({ from, inReplyTo, step }: Pick<Message, 'from' | 'inReplyTo' | 'step'>): boolean {
    if (inReplyTo === null) return false;
    const { folder } = this.#options;
    if (step === 'cancelled') {
      const received = findReceived(folder, inReplyTo)?.message;
      return received?.request === true && received.from === from;
    }
    const sent = findSent(folder, inReplyTo)?.message;
    return sent?.request === true && sent.to === from;
  }

  /** What a notice says by this seat's own records: anybody could leave a file in the mailbox. */
  #verifiedNotice({
    inReplyTo,
    metadata,
  }: Pick<Message, 'inReplyTo' | 'metadata'>): { text: string; mayWake: boolean } | undefined {
    const { root, folder, clock } = this.#options;
    if (inReplyTo !== null) return outcomeOf({ root, folder, clock }, inReplyTo);
    const text = watchOutcome(folder, metadata['watch']);
    return text === undefined ? undefined : { text, mayWake: true };
  }

  #lookAtNotice(pending: PendingMessage, eligible: PendingMessage[]): void {
    const isOwn = pending.from === this.#options.folder.id;
    if (isOwn && this.#verifiedNotice(pending) !== undefined) eligible.push(pending);
    else this.#refuse(pending, 'a notice that the own records do not bear out');
  }

  #takeControl(pending: PendingMessage, onControl: (message: Message) => void): void {
    const { inbox } = this.#options;
    const claimed = inbox.claim(pending.id);
    if (claimed === undefined) return;
    inbox.settle(claimed);
    onControl(claimed.message);
  }

  /**
   * Ends a message for good. The sender is told first: after a kill in between it is refused once more. Where the sender
   * cannot be told now, as on a full disk, the message stays where it is and is refused at a later look.
   */
  #refuse(pending: PendingMessage, reason: string): void {
    const { inbox } = this.#options;
    const claimed = inbox.claim(pending.id);
    if (claimed === undefined) return;
    if (this.#tellRefused(claimed, reason)) inbox.reject(claimed, reason);
    else inbox.release(claimed, { maybeSeen: false });
  }

  #tellRefused({ message }: ClaimedMessage, reason: string): boolean {
    if (message.type === 'notice') return true;
    return this.#options.receipts.write(message, { state: 'refused', reason });
  }

  #tellHeld(pending: PendingMessage, reason: string): void {
    if (this.#heldReasons.get(pending.id) === reason) return;
    this.#heldReasons.set(pending.id, reason);
    this.record({ ...pending, content: '', status: 'pending' }, { state: 'held', reason });
  }
}

function isControl({ type }: Pick<PendingMessage, 'type'>): boolean {
  return type === 'ping' || type === 'session-ended';
}
