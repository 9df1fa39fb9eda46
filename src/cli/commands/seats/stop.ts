import { openOwnSeat } from '../../../client/seats/open-seat.ts';
import { stopSeat } from '../../../client/seats/stop-seat.ts';
import type { Call, CommandSpec } from '../../command.ts';
import { SESSION } from '../../options/common-arguments.ts';
import { steer } from '../sessions/steer.ts';

export const stop: CommandSpec = {
  name: 'stop',
  group: 'Seats',
  summary: 'Leave the own seat, where mail waits on; or end a managed session in order',
  details: [
    'Tells the peers with whom messages were lately exchanged, and lists what nobody has read. The next start, or any use of the seat, takes it up again.',
    'With a session: ends that one, and drops the prompts that wait for it. What it said and used is kept; resume starts it again.',
  ],
  arguments: [{ ...SESSION, optional: true }],
  json: '{id, name, told, waiting}: told is [{id, name}]; waiting is [{id, type, from}], the messages that nobody has read; with a session: the session',
  example: `$ cahoots stop
app (k3x9qa) is away. Told: lib (p0c7zt). 0 messages wait.`,
  exit: {
    1: 'this folder has no mailbox, a session sits on the seat that --as names, or the managed session has no process',
  },
  run: async (call) => {
    if (call.optionalArgument('session') === undefined) return await leaveSeat(call);
    await steer(call, async (managed, session) => await managed.stopSession(call.context, session));
  },
};

async function leaveSeat(call: Call): Promise<void> {
  const seat = await openOwnSeat(call.context, { address: call.as, use: 'take' });
  const { told, waiting } = await stopSeat(seat);
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
}
