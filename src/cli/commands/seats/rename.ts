import { renameSeat } from '../../../client/seats/start-seat.ts';
import type { CommandSpec } from '../../command.ts';

export const rename: CommandSpec = {
  name: 'rename',
  group: 'Seats',
  summary: 'Give the own seat, or the one that --as names, another name',
  arguments: [{ name: 'name', summary: 'letters, digits and . _ + -, at most 64 characters' }],
  json: '{id, name, was}',
  example: `$ cahoots rename release-bot
app (k3x9qa) is now release-bot`,
  exit: { 1: 'this folder has no mailbox' },
  run: async (call) => {
    const name = call.argument('name');
    const { seat, was } = await renameSeat(call.context, {
      name,
      wish: { address: call.as, use: 'speak' },
    });
    if (call.json) await call.output.printJson({ id: seat.folder.id, name, was });
    else await call.output.print(`${was} (${seat.folder.id}) is now ${name}`);
  },
};
