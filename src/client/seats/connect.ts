import type { Peer } from '../../directory/peers.ts';
import type { ClaimedMessage } from '../../mailbox/inbox.ts';
import type { Message } from '../../protocol/message.ts';
import { waitForMail } from '../mail/mail-wait.ts';
import type { OpenSeat } from './open-seat.ts';

/** What is known of a peer after saying hello to it. */
export interface Connection {
  readonly sent: Message;
  readonly answered: boolean;
  /** Why mail may have to wait there; undefined when somebody seems to be there. */
  readonly warning: string | undefined;
}

const ANSWER_WAIT_MS = 2000;
/** After so long without a sign of life v1 calls a session stale. */
const STALE_MS = 5 * 60 * 1000;

/**
 * Sends a ping to a peer and waits shortly for the one that answers it, where somebody is there to answer. Rejects with
 * `cancelled` when the signal aborts, and with `seat-held` once a session sits on the seat.
 */
export async function connect(seat: OpenSeat, peer: Peer, signal: AbortSignal): Promise<Connection> {
  const sent = seat.correspondent.send(peer, { type: 'ping', content: 'connected' });
  const isThere = peer.state !== 'away' && (peer.kind !== 'shell' || peer.state === 'listening');
  const look = (): ClaimedMessage | undefined => claimAnswer(seat, { sent, peer });
  const claimed = isThere ? await waitForMail(seat, { look, waitMs: ANSWER_WAIT_MS, signal }) : look();
  if (claimed !== undefined) seat.inbox.settle(claimed);
  const answered = claimed !== undefined;
  const warning = answered ? undefined : warningAbout(peer, seat.context.clock.now());
  return { sent, answered, warning };
}

function claimAnswer(
  seat: OpenSeat,
  { sent, peer }: { sent: Message; peer: Peer },
): ClaimedMessage | undefined {
  seat.requireNotHeld();
  for (const { id, type, from, inReplyTo } of seat.inbox.pending()) {
    if (type !== 'ping' || from !== peer.id) continue;
    // v1 answers with a ping that may name none.
    if (inReplyTo !== sent.id && (peer.kind !== 'v1' || inReplyTo !== null)) continue;
    const claimed = seat.inbox.claim(id);
    if (claimed !== undefined) return claimed;
  }
  return undefined;
}

function warningAbout({ name, kind, state, record }: Peer, nowMs: number): string | undefined {
  if (kind === 'shell') {
    if (record?.stopped === true) return `${name} was stopped; mail waits there until it is started again.`;
    return state === 'listening' ? undefined : `Nobody listens at ${name} just now; mail waits there.`;
  }
  if (state === 'away') return `${name} is away; mail waits there until it is back.`;
  const silentMs = record === undefined ? 0 : nowMs - Date.parse(record.lastHeartbeat);
  if (silentMs <= STALE_MS) return undefined;
  const minutes = Math.round(silentMs / 60_000);
  return `${name} gave its last sign of life ${minutes} minutes ago; mail waits there.`;
}
