import { lstatSync, readdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { appendToFile } from '../lib/append.ts';
import { linkNew, placeExclusive, writeNew } from '../lib/atomic-write.ts';
import { type Clock, isoMillis, isoSeconds } from '../lib/clock.ts';
import { errnoOf, unlessGone } from '../lib/errno.ts';
import { thisProcess } from '../lib/process-identity.ts';
import { readRegular } from '../lib/read-regular.ts';
import { removeEntry } from '../lib/remove-entry.ts';
import { CahootsError } from '../protocol/errors.ts';
import { type MessageId, newMessageId, type SeatId } from '../protocol/ids.ts';
import { parseJson } from '../protocol/json.ts';
import {
  MAX_CONTENT_BYTES,
  MAX_MESSAGE_FILE_BYTES,
  MESSAGE_FORMAT,
  type Message,
  type MessageType,
  messageSchema,
  type WorkStep,
} from '../protocol/message.ts';
import type { StateRecord } from '../protocol/receipt.ts';
import { type ClaimName, type ClaimOwner, claimPath, parseClaimName, sameOwner } from './claim-name.ts';
import { isAbandoned } from './claimed-files.ts';
import { appendJournal } from './journal.ts';
import { isPast, pastPathForWriting } from './past.ts';
import { rejectInvalid } from './rejected.ts';
import {
  facadeOf,
  isOwnFolderThere,
  isThere,
  refuseForeignFolders,
  requireSeatFolder,
  type SeatFolder,
  seatFolder,
} from './seat-folder.ts';
import { storing } from './storage-error.ts';

/** What a sender says of a message; the mailbox adds id, order and times. */
export interface Draft {
  readonly to: SeatId;
  readonly type: MessageType;
  readonly content: string;
  readonly inReplyTo?: MessageId;
  /** The first message of the conversation; the message itself when left out. */
  readonly thread?: MessageId;
  readonly hops?: number;
  /** Which message of its conversation it is; the first one when left out. */
  readonly place?: number;
  readonly request?: boolean;
  readonly step?: WorkStep;
  readonly expiresAfterMs?: number;
  readonly metadata: Message['metadata'];
}

export interface PostContext {
  readonly root: string;
  readonly clock: Clock;
}

/**
 * Sends a message: when this returns, it lies flushed in the receiver's mailbox and the sender's outbox has a copy.
 *
 * A kill at any moment leaves it either unsent or to be delivered by {@link resendUnsent}; never half, never twice under
 * two ids. Throws `content-too-large` with the size, `content-empty`, `peer-unknown` when the receiver's mailbox is
 * gone, or a storage error; the message is not sent then.
 */
export function post(context: PostContext, sender: SeatFolder, draft: Draft): Message {
  checkContent(draft);
  requireSeatFolder(sender);
  return storing(`The message to ${draft.to} was not sent`, () => {
    const message = compose(context, sender, draft);
    const accepted: StateRecord = { state: 'accepted', at: isoMillis(context.clock.now()), by: sender.id };
    const sending = sendingPath(sender, message.id);
    let deliveredAtMs: number;
    try {
      // Read by others only once this process has ended; a part of it is then no message that was accepted.
      writeNew(sending, serialise(message), { flush: true });
      deliveredAtMs = context.clock.now();
      if (!deliver(context.root, message, sending)) throw mailboxGone(message.to);
    } catch (error) {
      removeEntry(sending);
      throw error;
    }
    finishSending(context, sender, { message, sending, accepted, deliveredAtMs });
    return message;
  });
}

/**
 * Delivers what processes that were killed while sending left behind, under the same ids, and returns how many.
 *
 * A receiver that has such a message already keeps one copy. One whose mailbox is gone is recorded as undeliverable; one
 * that cannot be written to now (a full disk) is tried again by the next call.
 */
export function resendUnsent(context: PostContext, sender: SeatFolder): number {
  refuseForeignFolders(sender);
  let resent = 0;
  for (const name of unlessGone(() => readdirSync(sender.sending), [])) {
    const claim = parseClaimName(name);
    const sending = join(sender.sending, name);
    if (claim === undefined || isSendingNow(context, { ...claim, path: sending })) continue;
    try {
      const message = readUnsent(sender, { sending, id: claim.id });
      if (message !== undefined && resend(context, sender, { message, sending })) resent += 1;
    } catch (error) {
      // One receiver that cannot be written to must not keep the mail for the others back.
      if (errnoOf(error) === undefined && !(error instanceof CahootsError)) throw error;
    }
  }
  return resent;
}

/**
 * A process sends one message at a time: whatever it left itself, it is not sending now. One that cannot be seen from
 * here, in another container perhaps, is given time.
 */
function isSendingNow({ clock }: PostContext, claim: ClaimName & { readonly path: string }): boolean {
  const mine = ownerOfSending();
  return !sameOwner(claim.owner, mine) && !isAbandoned(claim, { mine, nowMs: clock.now() });
}

function ownerOfSending(): ClaimOwner {
  return { process: thisProcess(), generation: 0 };
}

function readUnsent(
  sender: SeatFolder,
  { sending, id }: { sending: string; id: MessageId },
): Message | undefined {
  const found = readRegular(sending, MAX_MESSAGE_FILE_BYTES);
  if (found.kind === 'missing') return undefined;
  const message = found.kind === 'text' ? parseJson(found.text, messageSchema) : undefined;
  if (message !== undefined && message.id === id && message.from === sender.id) return message;
  rejectInvalid(sender, sending, 'not a message that this seat was sending');
  return undefined;
}

/** Returns whether the message was delivered now. */
function resend(
  context: PostContext,
  sender: SeatFolder,
  { message, sending }: { message: Message; sending: string },
): boolean {
  const { root, clock } = context;
  if (isPast(sender.outbox, message.id)) {
    // The copy in the outbox is written after the delivery: only this last step was missing.
    removeEntry(sending);
    return false;
  }
  const accepted: StateRecord = {
    state: 'accepted',
    at: isoMillis(modifiedMs(sending, clock)),
    by: sender.id,
  };
  const deliveredAtMs = clock.now();
  // It was delivered before whoever was sending it ended, and the receiver may have lost sight of the first copy.
  const isAgain = hasOtherNames(sending);
  const isDelivered = isAgain
    ? deliver(root, { ...message, repeat: 1 }, undefined)
    : deliver(root, message, sending);
  if (isDelivered || isAgain) {
    finishSending(context, sender, { message, sending, accepted, deliveredAtMs });
    return true;
  }
  const failed: StateRecord = {
    state: 'undeliverable',
    at: isoMillis(clock.now()),
    by: sender.id,
    reason: 'the mailbox of the receiver is gone',
  };
  recordSent(root, sender, { message, states: [accepted, failed] });
  removeEntry(sending);
  return false;
}

/** Whether the file has a name at the receiver, or in what that made of it. */
function hasOtherNames(path: string): boolean {
  return unlessGone(() => lstatSync(path).nlink > 1, false);
}

function modifiedMs(path: string, clock: Clock): number {
  return unlessGone(() => lstatSync(path).mtimeMs, clock.now());
}

function mailboxGone(to: SeatId): CahootsError {
  return new CahootsError('peer-unknown', `The mailbox of ${to} is gone.`, {
    remedy: 'See who is there with: cahoots peers',
    facts: { peer: to },
  });
}

function checkContent({ type, content }: Draft): void {
  if (content === '' && (type === 'query' || type === 'response' || type === 'note')) {
    throw new CahootsError('content-empty', `A ${type} without content was not sent.`, {
      remedy: 'Say something in it.',
    });
  }
  const bytes = Buffer.byteLength(content);
  if (bytes > MAX_CONTENT_BYTES) {
    throw new CahootsError(
      'content-too-large',
      `The content has ${bytes} bytes; a message carries at most ${MAX_CONTENT_BYTES} (1 MiB).`,
      {
        remedy: 'Put it into a file and send the path, or send it in parts.',
        facts: { bytes, limit: MAX_CONTENT_BYTES },
      },
    );
  }
}

function compose({ clock }: PostContext, sender: SeatFolder, draft: Draft): Message {
  const id = newMessageId();
  return {
    id,
    from: sender.id,
    to: draft.to,
    type: draft.type,
    timestamp: isoSeconds(clock.now()),
    status: 'pending',
    content: draft.content,
    inReplyTo: draft.inReplyTo ?? null,
    metadata: { urgency: 'normal', ...draft.metadata },
    format: MESSAGE_FORMAT,
    seq: nextSequence(sender),
    thread: draft.thread ?? id,
    hops: draft.hops ?? 0,
    place: draft.place ?? 1,
    expectsReply: draft.type === 'query',
    ...(draft.request === true ? { request: true } : {}),
    ...(draft.step === undefined ? {} : { step: draft.step }),
    ...(draft.expiresAfterMs === undefined ? {} : { expiresAfterMs: draft.expiresAfterMs }),
  };
}

/** One byte is appended per message; the length counts them. Two sends at the very same moment may share a number. */
function nextSequence(sender: SeatFolder): number {
  return appendToFile(sender.sequence, '.');
}

/**
 * Places a message in the receiver's mailbox, ours or v1's. False when there is no such mailbox.
 *
 * The file in `sending` gets its name there: what was flushed once need not be written and flushed again. Without it a
 * file of its own is made.
 */
function deliver(root: string, message: Message, sending: string | undefined): boolean {
  const seat = seatFolder(root, message.to);
  const { path, inbox } = isThere(seat.path) ? seat : facadeOf(root, message.to);
  if (![dirname(path), path, inbox].every(isOwnFolderThere)) return false;
  // Undefined when the mailbox was removed just now.
  return (
    unlessGone(() => {
      const place = join(inbox, `${message.id}.json`);
      const linked = sending === undefined ? 'impossible' : linkNew(sending, place);
      return linked === 'impossible' ? placeExclusive(place, serialise(message), { flush: true }) : linked;
    }, undefined) !== undefined
  );
}

interface Sent {
  readonly message: Message;
  readonly sending: string;
  readonly accepted: StateRecord;
  /** Just before the receiver could see it: a waiting receiver is fast, and its own record must not seem to be older. */
  readonly deliveredAtMs: number;
}

function finishSending(
  { root }: PostContext,
  sender: SeatFolder,
  { message, sending, accepted, deliveredAtMs }: Sent,
): void {
  const delivered: StateRecord = { state: 'delivered', at: isoMillis(deliveredAtMs), by: sender.id };
  try {
    recordSent(root, sender, { message, states: [accepted, delivered] });
  } catch (error) {
    // The message is in the receiver's mailbox: a disk that is full only now must not make it look unsent. The file in
    // sending/ stays, and a later call of resendUnsent completes the record.
    if (errnoOf(error) === undefined && !(error instanceof CahootsError)) throw error;
    return;
  }
  removeEntry(sending);
}

function recordSent(
  root: string,
  sender: SeatFolder,
  { message, states }: { message: Message; states: StateRecord[] },
): void {
  const copy = { ...message, status: 'sent', states };
  placeExclusive(pastPathForWriting(sender.outbox, message.id), `${JSON.stringify(copy, null, 2)}\n`, {
    flush: false,
  });
  appendJournal(root, message, states);
}

/** The name says which process is sending, so that another one can tell a message that nobody delivers any more. */
function sendingPath(sender: SeatFolder, id: MessageId): string {
  return claimPath(sender.sending, { id, owner: ownerOfSending() });
}

function serialise(message: Message): string {
  return `${JSON.stringify(message, null, 2)}\n`;
}
