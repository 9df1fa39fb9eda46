import { giveUpManagedSeat, makeManagedSeat } from '../directory/managed-seat.ts';
import { listPeers } from '../directory/peers.ts';
import type { Clock } from '../lib/clock.ts';
import type { SeatRegistry } from '../supervisor/supervisor.ts';

/** The seats of managed sessions among those of the mailbox root. */
export function seatRegistry({
  root,
  clock,
  version,
}: {
  root: string;
  clock: Clock;
  version: string;
}): SeatRegistry {
  return {
    open: ({ name, cwd }) => makeManagedSeat({ root, clock, projectPath: cwd, version }, name),
    close: (seat) => giveUpManagedSeat(root, seat),
    sitterOf: (conversation) =>
      listPeers(root, clock.now()).find(
        ({ kind, state, record }) =>
          kind === 'live' && state !== 'away' && record?.conversation === conversation,
      )?.name,
  };
}
