import { type Peer, resolvePeer } from '../directory/peers.ts';
import { openRoot } from '../mailbox/seat-folder.ts';
import type { ClientContext } from './client-context.ts';
import { findOwnSeat, isOfPerson, type SeatWish } from './seats/own-seat.ts';

/** How words come to a peer. */
export type Addressee =
  /** As the next prompt of a managed session. `from` is the seat that speaks; undefined where none is there, for none is needed. */
  | { readonly kind: 'prompt'; readonly peer: Peer; readonly from: string | undefined }
  /** As a message, which a seat of one's own sends. `isRevived`: a fork of the conversation is to answer it. */
  | { readonly kind: 'mail'; readonly peer: Peer; readonly isRevived: boolean };

export interface AddresseeWish {
  readonly address: string;
  /** The seat that speaks. */
  readonly as: SeatWish;
  /** A peer that is away is to be answered for by a fork of its conversation. */
  readonly revives?: boolean;
}

/**
 * Decides how words come to a peer: what a person or script says to a managed session is its next prompt, everything else
 * is mail. Makes no seat.
 *
 * Throws `peer-unknown`, `peer-ambiguous`, and what {@link findOwnSeat} throws.
 */
export function addresseeOf(
  context: ClientContext,
  { address, as, revives = false }: AddresseeWish,
): Addressee {
  const { config, clock } = context;
  openRoot(config.root);
  const own = findOwnSeat(context, as);
  const peer = resolvePeer(config.root, address, clock.now());
  const isRevived = revives && peer.state === 'away';
  if (peer.kind === 'managed' && !isRevived && isOfPerson(context, own))
    return { kind: 'prompt', peer, from: own?.sessionId };
  return { kind: 'mail', peer, isRevived };
}
