import { resolvePeer } from '../../directory/peers.ts';
import { setVerdict } from '../../directory/trust.ts';
import { openRoot } from '../../mailbox/seat-folder.ts';
import type { SeatId } from '../../protocol/ids.ts';
import type { ClientContext } from '../client-context.ts';
import { findOwnSeat } from './own-seat.ts';

export interface NamedSeat {
  readonly id: SeatId;
  readonly name: string;
}

/** Records what the person thinks of a peer, for the seat of an address or, without one, for all of their seats. */
export function recordVerdict(
  context: ClientContext,
  wanted: { peer: string; receiver: string | undefined; verdict: 'trusted' | 'blocked' },
): { readonly peer: NamedSeat; readonly receiver: NamedSeat | undefined } {
  const { config, clock } = context;
  openRoot(config.root);
  const { id, name } = resolvePeer(config.root, wanted.peer, clock.now());
  const own =
    wanted.receiver === undefined
      ? undefined
      : findOwnSeat(context, { address: wanted.receiver, use: 'speak' });
  const receiver = own === undefined ? undefined : { id: own.sessionId, name: own.name };
  setVerdict(config.root, { sender: id, receiver: receiver?.id, verdict: wanted.verdict });
  return { peer: { id, name }, receiver };
}
