import type { Peer } from '../../directory/peers.ts';
import { updateSeatRecord } from '../../directory/seat-record.ts';
import { isoSeconds } from '../../lib/clock.ts';
import { sayGoodbye } from '../../mail/goodbye.ts';
import { removeFacade } from '../../mailbox/facade.ts';
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

/**
 * Leaves a shell seat: tells the peers that it lately exchanged messages with and that are here, and shows it as away.
 * Its mail waits on; the next use takes the seat up again. Throws `seat-held` for the seat of a session.
 */
export async function stopSeat(seat: OpenSeat): Promise<StoppedSeat> {
  const { config, clock } = seat.context;
  const { record } = seat;
  if (record.kind !== 'shell') throw seatHeld(record);
  const told = sayGoodbye({ root: config.root, clock, folder: seat.folder }, seat.correspondent);
  await updateSeatRecord(config.root, seat.folder, {
    stopped: true,
    holder: null,
    lastHeartbeat: isoSeconds(clock.now()),
  });
  removeFacade(config.root, seat.folder);
  return { told, waiting: waitingMail(config.root, seat.folder.id) };
}
