import { findPeer, type Peer } from '../directory/peers.ts';
import type { Clock } from '../lib/clock.ts';
import { readJournalTail } from '../mailbox/journal-tail.ts';
import type { SeatFolder } from '../mailbox/seat-folder.ts';
import { CahootsError } from '../protocol/errors.ts';
import { isSeatId, type SeatId } from '../protocol/ids.ts';
import type { Correspondent } from './correspondent.ts';

/** The peers that a seat has recently exchanged messages with are read from so many of the newest journal lines. */
const RECENT_ENTRIES = 2_000;

/**
 * Tells the peers that a seat recently exchanged messages with, and that are here, that its session has ended; returns
 * those that were told. A goodbye that cannot be delivered keeps no session from ending.
 */
export function sayGoodbye(
  { root, clock, folder }: { root: string; clock: Clock; folder: SeatFolder },
  correspondent: Correspondent,
): Peer[] {
  return recentPartners(root, folder.id).flatMap((id) => {
    const peer = findPeer(root, id, clock.now());
    if (peer === undefined || peer.state === 'away') return [];
    try {
      correspondent.send(peer, { type: 'session-ended', content: 'The session has ended.' });
      return [peer];
    } catch (error) {
      if (!(error instanceof CahootsError)) throw error;
      return [];
    }
  });
}

/** One that has only said goodbye is not told goodbye. */
function recentPartners(root: string, seat: SeatId): SeatId[] {
  const others = readJournalTail(root, RECENT_ENTRIES).flatMap(({ from, to, type }) => {
    if (type === 'session-ended') return [];
    const other = from === seat ? to : to === seat ? from : undefined;
    return isSeatId(other) && other !== seat ? [other] : [];
  });
  return [...new Set(others)];
}
