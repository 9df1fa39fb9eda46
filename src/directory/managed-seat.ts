import { seatFolder } from '../mailbox/seat-folder.ts';
import { storing } from '../mailbox/storage-error.ts';
import { CahootsError } from '../protocol/errors.ts';
import type { SeatId } from '../protocol/ids.ts';
import { listPeers } from './peers.ts';
import { hasMail, removeSeat } from './retention.ts';
import { checkName } from './seat-name.ts';
import { readSeatRecord } from './seat-record.ts';
import {
  createSeat,
  freshRecord,
  type SeatRequest,
  type TakenSeat,
  takeFree,
  withNames,
} from './take-seat.ts';

/**
 * Makes the seat of a session that we run, under a name that no peer has: such a name is an address.
 *
 * Throws `name-invalid`, `name-taken`, or a storage error.
 */
export function makeManagedSeat(
  request: Pick<SeatRequest, 'root' | 'clock' | 'projectPath' | 'version'>,
  name: string,
): SeatId {
  const { root, clock } = request;
  checkName(name);
  return withNames(root, () => {
    const other = listPeers(root, clock.now()).find((peer) => peer.name === name);
    if (other !== undefined) {
      throw new CahootsError(
        'name-taken',
        `The peer ${other.id} in ${other.path} is called ${name} already.`,
        {
          remedy: 'Choose another name.',
          facts: { name, peer: other.id, kind: other.kind },
        },
      );
    }
    return createSeat(root, (id) => freshRecord(request, id, { name, kind: 'managed' })).folder.id;
  });
}

/** Takes the seat of a session that we run. Throws `seat-held` while another living process has it, and `seat-missing`. */
export function takeManagedSeat(request: SeatRequest, id: SeatId): TakenSeat {
  const record = readSeatRecord(seatFolder(request.root, id));
  if (record === undefined) {
    throw new CahootsError('seat-missing', `There is no seat ${id} any more.`, {
      remedy: 'Delete the session and start it again.',
      facts: { seat: id },
    });
  }
  const taken = storing(`The seat ${id} could not be taken`, () => takeFree(request, record, 'returned'));
  if (taken !== undefined) return taken;
  throw new CahootsError('seat-held', `Another process sits on the seat ${record.name} (${id}).`, {
    remedy: 'Wait until it has ended.',
    facts: { seat: id },
  });
}

/** The seat is not used any more: it goes, unless mail waits there. */
export function giveUpManagedSeat(root: string, id: SeatId): void {
  const folder = seatFolder(root, id);
  if (!hasMail(folder)) removeSeat(root, folder);
}
