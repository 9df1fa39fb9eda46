import { lstatSync, readdirSync } from 'node:fs';
import { type Clock, isoSeconds } from '../lib/clock.ts';
import { errnoOf, unlessGone } from '../lib/errno.ts';
import { buildFacade, hasFacade, takeFromFacade } from '../mailbox/facade.ts';
import { facadeOf, seatFolder, seatsFolder } from '../mailbox/seat-folder.ts';
import { CahootsError } from '../protocol/errors.ts';
import { isSeatId, type SeatId } from '../protocol/ids.ts';
import { readSeatRecord } from './seat-record.ts';

/** So many seats are looked at in one call; with a call a minute each of a thousand has its turn within v1's patience. */
const SEATS_PER_TURN = 50;
/** A clean-up of session-bridge v1 deletes a façade without a heartbeat for 30 minutes, with the mail in it. */
const FRESH_MS = 5 * 60 * 1000;

/**
 * Keeps the façades of shell seats that nobody uses just now, of some of them in each call: takes what v1 wrote into the
 * seat, and shows v1 a fresh heartbeat. For a process that lives long, once a minute with a growing `turn`.
 *
 * The seat's own record stays as it is: a seat that nobody uses gets no older by being looked after. A stopped seat has
 * no façade and gets none.
 */
export function keepIdleShellSeats({ root, clock }: { root: string; clock: Clock }, turn: number): void {
  const ids = unlessGone(() => readdirSync(seatsFolder(root)), [])
    .filter(isSeatId)
    .sort();
  const turns = Math.max(1, Math.ceil(ids.length / SEATS_PER_TURN));
  const first = (turn % turns) * SEATS_PER_TURN;
  for (const id of ids.slice(first, first + SEATS_PER_TURN)) {
    try {
      keepFacade({ root, clock }, id);
    } catch (error) {
      // One seat that cannot be looked after must not keep the others from it.
      if (!(error instanceof CahootsError) && errnoOf(error) === undefined) throw error;
    }
  }
}

function keepFacade({ root, clock }: { root: string; clock: Clock }, id: SeatId): void {
  const folder = seatFolder(root, id);
  const record = readSeatRecord(folder);
  if (record?.kind !== 'shell' || record.stopped === true) return;
  takeFromFacade(root, folder);
  const { manifest } = facadeOf(root, id);
  const writtenMs = unlessGone(() => lstatSync(manifest).mtimeMs, 0);
  if (hasFacade(root, id) && clock.now() - writtenMs < FRESH_MS) return;
  buildFacade(root, { ...record, lastHeartbeat: isoSeconds(clock.now()) });
}
