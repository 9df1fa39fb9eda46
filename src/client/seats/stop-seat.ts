import { findPeer, type Peer } from '../../directory/peers.ts';
import { updateSeatRecord } from '../../directory/seat-record.ts';
import { isoSeconds } from '../../lib/clock.ts';
import { removeFacade } from '../../mailbox/facade.ts';
import { readJournalTail } from '../../mailbox/journal-tail.ts';
import { unlessMailboxFails } from '../../mailbox/storage-fault.ts';
import { isSeatId, type SeatId } from '../../protocol/ids.ts';
import { type WaitingMessage, waitingMail } from '../mail/pending-mail.ts';
import type { OpenSeat } from './open-seat.ts';
import { seatHeld } from './own-seat.ts';

/** What leaving a seat amounted to. */
export interface StoppedSeat {
  /** The peers that were told. */
  readonly told: readonly Peer[];
  /** Mail that waits on in the seat. */
  readonly waiting: readonly WaitingMessage[];
}

/** Whom a seat has lately exchanged messages with is read from so many of the newest journal lines. */
const RECENT_ENTRIES = 2000;

/**
 * Leaves a shell seat: tells the peers that it lately exchanged messages with and that are here, and shows it as away.
 * Its mail waits on; the next use takes the seat up again. Throws `seat-held` for the seat of a session.
 */
export async function stopSeat(seat: OpenSeat): Promise<StoppedSeat> {
  const { config, clock } = seat.context;
  const { record } = seat;
  if (record.kind !== 'shell') throw seatHeld(record);
  const told: Peer[] = [];
  for (const peer of recentPartners(seat)) {
    if (peer.state === 'away') continue;
    unlessMailboxFails(() => {
      seat.correspondent.send(peer, { type: 'session-ended', content: 'The session has ended.' });
      told.push(peer);
    });
  }
  await updateSeatRecord(config.root, seat.folder, {
    stopped: true,
    holder: null,
    lastHeartbeat: isoSeconds(clock.now()),
  });
  removeFacade(config.root, seat.folder);
  return { told, waiting: waitingMail(config.root, seat.folder.id) };
}

function recentPartners(seat: OpenSeat): Peer[] {
  const { config, clock } = seat.context;
  const own = seat.folder.id;
  const ids = new Set<SeatId>();
  for (const { from, to } of readJournalTail(config.root, RECENT_ENTRIES)) {
    const other = from === own ? to : to === own ? from : undefined;
    if (other !== undefined && other !== own && isSeatId(other)) ids.add(other);
  }
  return [...ids].flatMap((id) => findPeer(config.root, id, clock.now()) ?? []);
}
