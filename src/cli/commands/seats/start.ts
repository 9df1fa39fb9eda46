import { startSeat } from '../../../client/seats/start-seat.ts';
import type { CommandSpec } from '../../command.ts';

export const start: CommandSpec = {
  name: 'start',
  group: 'Seats',
  summary: 'Make a mailbox for this folder, or take it up again after stop',
  details: [
    'The seat belongs to the folder that PROJECT_DIR names, else to the current one, and stays until stop. The commands that need one make it by themselves; start is for giving it a name and for learning its id.',
  ],
  options: [
    { name: 'name', value: 'name', summary: 'what peers call it; by default the name of the folder' },
  ],
  json: '{id, name, mailbox}: the id and name of the seat, and its folder',
  example: `$ cahoots start --name release-bot
release-bot (k3x9qa) is ready. Its mailbox: ~/.claude/session-bridge/seats/k3x9qa`,
  exit: { 1: 'a session sits on the seat that --as names' },
  run: async (call) => {
    const { folder, record } = await startSeat(call.context, {
      name: call.option('name'),
      address: call.as,
    });
    const { id, path } = folder;
    if (call.json) await call.output.printJson({ id, name: record.name, mailbox: path });
    else await call.output.print(`${record.name} (${id}) is ready. Its mailbox: ${path}`);
  },
};
