import type { CommandSpec } from '../command.ts';

export const stop: CommandSpec = {
  name: 'stop',
  group: 'Seats',
  summary: 'Leave the own seat: peers see it as away, mail waits on',
  details: [
    'Tells the peers with whom messages were lately exchanged, and lists what nobody has read. The next start, or any use of the seat, takes it up again.',
  ],
  json: '{id, name, told, waiting}: told is [{id, name}]; waiting is [{id, type, from}], the messages that nobody has read',
  example: `$ cahoots stop
app (k3x9qa) is away. Told: lib (p0c7zt). 0 messages wait.`,
  exit: { 1: 'this folder has no mailbox, or a session sits on the seat that --as names' },
  run: async (call, runtime) => {
    const seat = await runtime.openOwnSeat(call.context, { address: call.as, use: 'take' });
    const { told, waiting } = await runtime.stopSeat(seat);
    const { id } = seat.folder;
    const { name } = seat.record;
    if (call.json) {
      await call.output.printJson({
        id,
        name,
        told: told.map((peer) => ({ id: peer.id, name: peer.name })),
        waiting: waiting.map(({ message }) => ({ id: message.id, type: message.type, from: message.from })),
      });
      return;
    }
    const names = told.map((peer) => `${peer.name} (${peer.id})`).join(', ');
    const lines = waiting.map(({ message }) => `  ${message.id}  ${message.type} from ${message.from}`);
    const count = `${waiting.length} message${waiting.length === 1 ? ' waits' : 's wait'}`;
    const head = `${name} (${id}) is away. Told: ${names || 'nobody'}. ${count}.`;
    await call.output.print([head, ...lines].join('\n'));
  },
};
