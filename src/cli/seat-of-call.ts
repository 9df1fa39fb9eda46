import { type OpenSeat, openOrMakeOwnSeat } from '../client/seats/open-seat.ts';
import type { SeatWish } from '../client/seats/own-seat.ts';
import type { Call } from './command.ts';

/** Opens the seat that a call speaks for; where the folder has none, makes one and says so. */
export async function seatOfCall(call: Call, use: SeatWish['use']): Promise<OpenSeat> {
  const peer = call.optionalArgument('peer');
  const { seat, isNew } = await openOrMakeOwnSeat(call.context, { address: call.as, use }, peer);
  if (isNew) {
    const { name, sessionId, projectPath } = seat.record;
    call.output.complain(`Made a mailbox for ${projectPath}: ${name} (${sessionId}).`);
  }
  return seat;
}
