import { findPeer } from '../directory/peers.ts';
import type { Clock } from '../lib/clock.ts';
import { readJournal } from '../mailbox/journal.ts';
import type { SeatFolder } from '../mailbox/seat-folder.ts';
import { CahootsError } from '../protocol/errors.ts';
import { isSeatId, type SeatId } from '../protocol/ids.ts';
import type { SeatRecord } from '../protocol/seat.ts';
import { Correspondent } from './correspondent.ts';
import type { GuardLimits } from './storm-guard.ts';

const LATE_ENTRIES = 500;

/** Tells the peers that a seat exchanged messages with of late, and that are here, that its session has ended. */
export function sayGoodbye(
  { root, clock, limits }: { root: string; clock: Clock; limits: GuardLimits },
  seat: { folder: SeatFolder; record: SeatRecord },
): void {
  const { folder } = seat;
  const correspondent = new Correspondent({
    root,
    clock,
    limits,
    seat: () => seat,
    permissionClass: () => undefined,
  });
  for (const id of correspondentsOf(root, folder.id)) {
    const peer = findPeer(root, id, clock.now());
    if (peer === undefined || peer.state === 'away') continue;
    try {
      correspondent.send(peer, { type: 'session-ended', content: '' });
    } catch (error) {
      // A goodbye that cannot be delivered must not keep the session from ending.
      if (!(error instanceof CahootsError)) throw error;
    }
  }
}

function correspondentsOf(root: string, seat: SeatId): SeatId[] {
  const others = readJournal(root, LATE_ENTRIES).flatMap(({ from, to, type }) => {
    if (type === 'session-ended') return [];
    const other = from === seat ? to : to === seat ? from : undefined;
    return isSeatId(other) && other !== seat ? [other] : [];
  });
  return [...new Set(others)];
}
