import { findPeer, type Peer, resolvePeer } from '../../directory/peers.ts';
import { type KnownEntry, readJournalTail } from '../../mailbox/journal-tail.ts';
import { statesOf } from '../../mailbox/receipts.ts';
import { openRoot, seatFolder } from '../../mailbox/seat-folder.ts';
import type { MessageId, SeatId } from '../../protocol/ids.ts';
import { currentState, FINAL_STATES } from '../../protocol/receipt.ts';
import type { ClientContext } from '../client-context.ts';
import { type WaitingMessage, waitingMail } from '../mail/pending-mail.ts';
import { findOwnSeat, seatMissing } from './own-seat.ts';

/** A question of a seat that nobody has answered yet. */
export interface OpenAsk {
  readonly id: MessageId;
  readonly to: string;
  readonly state: string;
  readonly at: string;
  readonly summary: string;
}

/** What can be said of a seat from outside. */
export interface SeatStatus {
  readonly peer: Peer;
  readonly waiting: readonly WaitingMessage[];
  readonly openAsks: readonly OpenAsk[];
}

/** A question that is further back than this in the journal is history. */
const RECENT_ENTRIES = 2000;
const OVER = FINAL_STATES;

/**
 * The status of the peer that an address means, or of the own seat; nothing is taken or changed.
 *
 * Throws `peer-unknown`, `peer-ambiguous`, or `seat-missing`.
 */
export function seatStatus(
  context: ClientContext,
  wanted: { readonly peer: string | undefined; readonly address: string | undefined },
): SeatStatus {
  const { root } = context.config;
  openRoot(root);
  const peer =
    wanted.peer === undefined
      ? ownPeer(context, wanted.address)
      : resolvePeer(root, wanted.peer, context.clock.now());
  if (peer.record === undefined) return { peer, waiting: [], openAsks: [] };
  return { peer, waiting: waitingMail(root, peer.id), openAsks: openAsks(root, peer.id) };
}

function ownPeer(context: ClientContext, address: string | undefined): Peer {
  const record = findOwnSeat(context, { address, use: 'speak' });
  const peer =
    record === undefined ? undefined : findPeer(context.config.root, record.sessionId, context.clock.now());
  if (peer === undefined) throw seatMissing(context);
  return peer;
}

function openAsks(root: string, id: SeatId): OpenAsk[] {
  const asked = new Map<MessageId, KnownEntry>();
  for (const entry of readJournalTail(root, RECENT_ENTRIES)) {
    if (entry.from === id && entry.type === 'query' && !asked.has(entry.message))
      asked.set(entry.message, entry);
  }
  return [...asked.values()].flatMap(({ message, to, at, summary = '' }) => {
    const state = currentState(statesOf(seatFolder(root, id), message));
    return OVER.has(state) ? [] : [{ id: message, to, state, at, summary }];
  });
}
