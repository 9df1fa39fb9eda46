import { hostname } from 'node:os';
import type { Peer } from '../directory/peers.ts';
import { resolvePeer } from '../directory/peers.ts';
import type { Clock } from '../lib/clock.ts';
import { findReceived, findSent } from '../mailbox/find-message.ts';
import { type Draft, post } from '../mailbox/post.ts';
import type { SeatFolder } from '../mailbox/seat-folder.ts';
import { CahootsError } from '../protocol/errors.ts';
import type { MessageId } from '../protocol/ids.ts';
import type { Message, MessageType, PermissionClass, WorkStep } from '../protocol/message.ts';
import type { MessageState } from '../protocol/receipt.ts';
import type { SeatRecord } from '../protocol/seat.ts';
import { ReceiptWriter } from './receipt-writer.ts';
import { type GuardLimits, StormGuard } from './storm-guard.ts';

/** A seat that somebody sits on, as it is now. */
export interface SeatInHand {
  readonly folder: SeatFolder;
  readonly record: SeatRecord;
}

export interface CorrespondentOptions {
  readonly root: string;
  readonly clock: Clock;
  readonly limits: GuardLimits;
  /** The seat that speaks, as it is at the moment of each call. */
  readonly seat: () => SeatInHand;
  /** Whether what speaks asks a person before it acts; undefined when that is not known. */
  readonly permissionClass: () => PermissionClass | undefined;
  /** Records for that seat, where somebody writes later what cannot be written now. */
  readonly receipts?: () => ReceiptWriter | undefined;
}

export interface Letter {
  readonly type: MessageType;
  readonly content: string;
  readonly inReplyTo?: MessageId;
  readonly thread?: MessageId;
  /** How many messages led to this one. */
  readonly hops?: number;
  /** With a query: it asks for work to be done. */
  readonly request?: boolean;
}

/** Writes and answers messages in the name of one seat: resolves addresses and fills in who speaks to whom. */
export class Correspondent {
  readonly #options: CorrespondentOptions;
  readonly #guard: StormGuard;

  constructor(options: CorrespondentOptions) {
    this.#options = options;
    this.#guard = new StormGuard(options);
  }

  /** The peer that an address means. Throws `peer-unknown`, `peer-ambiguous`, or `peer-is-self` for the own seat. */
  resolve(address: string): Peer {
    const peer = resolvePeer(this.#options.root, address, this.#options.clock.now());
    if (peer.id !== this.#options.seat().folder.id) return peer;
    throw new CahootsError('peer-is-self', `"${address}" is this seat itself.`, {
      remedy: 'Name another one; see: cahoots peers',
    });
  }

  /** Sends a letter to a peer. Throws what {@link post} throws, and `message-refused` when it would be one too many. */
  send(peer: Peer, letter: Letter): Message {
    return this.#post({ ...letter, to: peer.id, metadata: this.#metadata(peer) });
  }

  /**
   * Answers a message that this seat received.
   *
   * A query gets a response. A response (a peer's question back) gets a new query in the same thread, as v1's rule has
   * it; a note gets a note. With `byFork` the answer says that a fork of the seat's conversation gave it. Throws `message-unknown`, `message-not-answerable`, and `message-refused` when the
   * conversation has become too long.
   */
  reply(
    id: MessageId,
    content: string,
    { byFork = false }: { readonly byFork?: boolean } = {},
  ): { readonly sent: Message; readonly to: Message } {
    const { root, clock } = this.#options;
    const { folder, record } = this.#options.seat();
    const original = this.received(id);
    const peer = resolvePeer(root, original.from, clock.now());
    const type = REPLY_TYPE[original.type];
    if (type === undefined) {
      throw new CahootsError(
        'message-not-answerable',
        `${id} is a ${original.type}, which is not answered by hand.`,
        { remedy: 'Send a message of your own.' },
      );
    }
    const { toConversation } = original.metadata;
    const isSame = toConversation === undefined || toConversation === record.conversation;
    const answeredBy = byFork ? 'fork' : isSame ? 'same' : 'newer';
    const draft: Draft = {
      to: original.from,
      type,
      content,
      inReplyTo: id,
      thread: original.thread ?? this.#threadOf(original),
      // An answer ends a question; what asks or tells anew goes one further in the chain.
      hops: (original.hops ?? 0) + (type === 'response' ? 0 : 1),
      place: (original.place ?? 1) + 1,
      metadata: { ...this.#metadata(peer), ...(type === 'response' ? { answeredBy } : {}) },
    };
    const sent = this.#post(draft);
    // The answer is there: receipts that cannot be written must not make it look unsent, or it is sent once more.
    if (original.type === 'query') {
      this.#receipts(folder).record(original, { state: 'answered' });
    }
    return { sent, to: original };
  }

  /**
   * Tells how the work stands that a request asked for: its receiver says `accepted`, `working` or `declined`, who asked
   * says `cancelled`. Records it with the request, and returns the message that tells the other side.
   *
   * Throws `message-unknown`, and `message-not-answerable` for what is no request or a step of the other side.
   */
  progress(id: MessageId, { step, note }: { readonly step: WorkStep; readonly note: string }): Message {
    const { root, clock } = this.#options;
    const { folder } = this.#options.seat();
    const own = step === 'cancelled' ? findSent(folder, id)?.message : undefined;
    const request = own ?? this.received(id);
    if (request.request !== true || (own === undefined && step === 'cancelled')) {
      throw new CahootsError(
        'message-not-answerable',
        request.request === true
          ? `${id} is a request to this seat, which only its sender can call off.`
          : `${id} is no request for work.`,
        {
          remedy:
            request.request === true
              ? 'Say that you will not do it with the step "declined".'
              : 'Answer it with reply, without a step.',
        },
      );
    }
    const peer = resolvePeer(root, own === undefined ? request.from : request.to, clock.now());
    const sent = this.#post({
      to: peer.id,
      type: 'progress',
      content: note,
      inReplyTo: id,
      thread: request.thread ?? id,
      step,
      metadata: this.#metadata(peer),
    });
    const reason = step === 'declined' ? `declined: ${note}` : note;
    this.#receipts(folder).record(request, { state: STATE_OF_STEP[step], ...(reason !== '' && { reason }) });
    return sent;
  }

  #receipts(folder: SeatFolder): ReceiptWriter {
    const { root, clock, receipts } = this.#options;
    return receipts?.() ?? new ReceiptWriter({ root, clock, folder });
  }

  /** A message that this seat received. Throws `message-unknown`, which also says when the seat itself sent it. */
  received(id: MessageId): Message {
    const { folder, record } = this.#options.seat();
    const found = findReceived(folder, id);
    if (found !== undefined) return found.message;
    const own = findSent(folder, id) === undefined ? '' : ' It is a message that this seat sent.';
    throw new CahootsError(
      'message-unknown',
      `${record.name} (${folder.id}) has received no message ${id}.${own}`,
      {
        remedy: 'Copy the id from the message; cahoots inbox lists what waits.',
        facts: { id },
      },
    );
  }

  #post(draft: Draft): Message {
    const { root, clock } = this.#options;
    const { folder } = this.#options.seat();
    this.#guard.check(folder, draft);
    const sent = post({ root, clock }, folder, draft);
    this.#guard.note(folder, draft);
    return sent;
  }

  /** v1 names no thread: a response of v1's belongs to the thread of the query that it answers. */
  #threadOf(original: Message): MessageId {
    const { folder } = this.#options.seat();
    const question = original.inReplyTo === null ? undefined : findSent(folder, original.inReplyTo);
    return question?.message.thread ?? original.inReplyTo ?? original.id;
  }

  #metadata(peer: Peer): Message['metadata'] {
    const { record } = this.#options.seat();
    const permissionClass = this.#options.permissionClass();
    return {
      fromProject: record.projectName,
      fromName: record.name,
      fromKind: record.kind,
      fromMachine: hostname(),
      ...(record.conversation === undefined ? {} : { fromConversation: record.conversation }),
      ...(peer.record?.conversation === undefined ? {} : { toConversation: peer.record.conversation }),
      ...(permissionClass === undefined ? {} : { permissionClass }),
    };
  }
}

const STATE_OF_STEP = {
  accepted: 'work-accepted',
  working: 'working',
  declined: 'refused',
  cancelled: 'cancelled',
} as const satisfies Record<WorkStep, MessageState>;

const REPLY_TYPE: Partial<Record<MessageType, MessageType>> = {
  query: 'response',
  response: 'query',
  note: 'note',
};
