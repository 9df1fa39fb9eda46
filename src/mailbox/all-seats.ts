import { readdirSync } from 'node:fs';
import { unlessGone } from '../lib/errno.ts';
import { isSeatId } from '../protocol/ids.ts';
import { type SeatFolder, seatFolder, seatsFolder } from './seat-folder.ts';

/** The folders of every seat of a root; nothing in them is looked at. */
export function allSeatFolders(root: string): SeatFolder[] {
  const names = unlessGone(() => readdirSync(seatsFolder(root)), []);
  return names.flatMap((name) => (isSeatId(name) ? [seatFolder(root, name)] : []));
}
