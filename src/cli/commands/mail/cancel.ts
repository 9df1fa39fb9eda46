import { requireMessageId } from '../../../client/mail/reply.ts';
import { openOwnSeat } from '../../../client/seats/open-seat.ts';
import type { CommandSpec } from '../../command.ts';
import { MESSAGE_ID } from '../../options/common-arguments.ts';

export const cancel: CommandSpec = {
  name: 'cancel',
  group: 'Mail',
  summary: 'Call off work that this seat has asked a peer for',
  details: ['The peer is told at its next step. A result that it sends all the same still arrives.'],
  arguments: [MESSAGE_ID, { name: 'reason', summary: 'what to tell the peer', optional: true }],
  json: '{id, state}: the id of the request, and cancelled',
  example: `$ cahoots cancel msg-4f0q2m9x1c7a "found it ourselves"
msg-4f0q2m9x1c7a is called off`,
  exit: { 1: 'this seat has made no such request' },
  run: async (call) => {
    const id = requireMessageId(call.argument('message-id'));
    const seat = await openOwnSeat(call.context, { address: call.as, use: 'speak' });
    seat.correspondent.progress(id, { step: 'cancelled', note: call.optionalArgument('reason') ?? '' });
    if (call.json) await call.output.printJson({ id, state: 'cancelled' });
    else await call.output.print(`${id} is called off`);
  },
};
