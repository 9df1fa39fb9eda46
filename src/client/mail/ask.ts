import type { Peer } from '../../directory/peers.ts';
import { isoMillis } from '../../lib/clock.ts';
import { markAnswered } from '../../mail/answered.ts';
import { announceAsk } from '../../mailbox/awaited-answers.ts';
import { findReceived } from '../../mailbox/find-message.ts';
import type { ClaimedMessage } from '../../mailbox/inbox.ts';
import { readJournalTail } from '../../mailbox/journal-tail.ts';
import { statesOf } from '../../mailbox/receipts.ts';
import { facadeOf, isThere, seatFolder } from '../../mailbox/seat-folder.ts';
import { unlessMailboxFails, unlessStorageFails } from '../../mailbox/storage-fault.ts';
import type { SeatId } from '../../protocol/ids.ts';
import type { Message } from '../../protocol/message.ts';
import { currentState, type MessageState, type StateRecord } from '../../protocol/receipt.ts';
import type { OpenSeat } from '../seats/open-seat.ts';
import { waitForMail } from './mail-wait.ts';

export interface Question {
  readonly peer: Peer;
  readonly content: string;
  /** It asks for work to be done, not only for an answer. */
  readonly request?: boolean;
  readonly waitMs: number;
  readonly signal: AbortSignal;
  /** Called once the question is sent. */
  readonly onSent?: (sent: Message) => void;
  /** Called with each step that becomes known while the answer is waited for. */
  readonly onState?: (state: MessageState) => void;
}

/** How the wait for an answer ended. */
export interface AskOutcome {
  readonly sent: Message;
  /** The last known state of the question; `answered` exactly when there is a response. */
  readonly state: MessageState;
  readonly reason: string | undefined;
  readonly response: Message | undefined;
  /** Holds the response until it has been shown; undefined when another process of this seat took it before. */
  readonly claimed: ClaimedMessage | undefined;
}

/** After these no answer will come, or none before a person has done something. */
const ENDINGS: ReadonlySet<MessageState> = new Set([
  'held',
  'refused',
  'expired',
  'undeliverable',
  'cancelled',
]);
/** How far back a response is looked for that another process took. */
const RECENT_ENTRIES = 500;

/**
 * Sends a question to a peer and waits for the response.
 *
 * The wait ends with the response, with a state that lets none be expected, or when the time is up; an answer that comes
 * later waits in the mailbox. Rejects with `cancelled` when the signal aborts, and with `seat-held` once a session sits on
 * the seat and takes the answer; the question stays asked.
 */
export async function ask(seat: OpenSeat, question: Question): Promise<AskOutcome> {
  const { peer, content, request = false, waitMs, signal, onSent, onState } = question;
  const sent = seat.correspondent.send(peer, { type: 'query', content, request });
  const withdraw = announceAsk(seat.folder, sent.id);
  onSent?.(sent);
  let known: MessageState | undefined;
  try {
    const look = (): AskOutcome | undefined => {
      const outcome = lookForAnswer(seat, sent);
      if (outcome.state !== known) onState?.(outcome.state);
      known = outcome.state;
      return outcome.response !== undefined || ENDINGS.has(outcome.state) ? outcome : undefined;
    };
    return (await waitForMail(seat, { look, waitMs, signal })) ?? lookForAnswer(seat, sent);
  } finally {
    withdraw();
  }
}

function lookForAnswer(seat: OpenSeat, sent: Message): AskOutcome {
  const claimed = claimResponse(seat, sent);
  const response = claimed?.message ?? takenResponse(seat, sent);
  if (response !== undefined) {
    unlessMailboxFails(() => markAnswered(seat, response));
    return { sent, state: 'answered', reason: undefined, response, claimed };
  }
  const states = statesNow(seat, sent);
  const state = currentState(states);
  const reason = states.findLast((record) => record.state === state)?.reason;
  return { sent, state, reason, response: undefined, claimed: undefined };
}

/** A response counts when it comes from the one who was asked: others know the id, too. */
function claimResponse(seat: OpenSeat, { id, to }: Message): ClaimedMessage | undefined {
  seat.requireNotHeld();
  for (const pending of seat.inbox.pending()) {
    if (pending.type !== 'response' || pending.inReplyTo !== id || pending.from !== to) continue;
    const claimed = seat.inbox.claim(pending.id);
    if (claimed !== undefined) return claimed;
  }
  return undefined;
}

/** The response, when the receipts say that there is one and another process of this seat has taken it. */
function takenResponse(seat: OpenSeat, { id, to }: Message): Message | undefined {
  if (currentState(statesOf(seat.folder, id)) !== 'answered') return undefined;
  const entry = readJournalTail(seat.context.config.root, RECENT_ENTRIES).findLast(
    ({ type, inReplyTo, from }) => type === 'response' && inReplyTo === id && from === to,
  );
  const found = entry === undefined ? undefined : findReceived(seat.folder, entry.message);
  return found === undefined || found.place === 'inbox' ? undefined : found.message;
}

function statesNow(seat: OpenSeat, sent: Message): StateRecord[] {
  const { config, clock } = seat.context;
  unlessStorageFails(() => seat.fold());
  const states = statesOf(seat.folder, sent.id);
  if (ENDINGS.has(currentState(states)) || hasMailbox(config.root, sent.to)) return states;
  const gone: StateRecord = {
    state: 'undeliverable',
    at: isoMillis(clock.now()),
    by: seat.folder.id,
    reason: 'the session has ended and its mailbox is gone',
  };
  seat.receipts.record(sent, gone);
  return [...states, gone];
}

/** A record that cannot be read just now says nothing about the mailbox: the question waits there. */
function hasMailbox(root: string, id: SeatId): boolean {
  return isThere(seatFolder(root, id).inbox) || isThere(facadeOf(root, id).inbox);
}
