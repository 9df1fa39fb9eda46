import { connect as connectPeer } from '../../../client/seats/connect.ts';
import type { CommandSpec } from '../../command.ts';
import { PEER } from '../../options/common-arguments.ts';
import { seatOfCall } from '../../seat-of-call.ts';
import { oneLine } from '../../text/printable.ts';
import { showWait } from '../../text/wait-line.ts';

export const connect: CommandSpec = {
  name: 'connect',
  group: 'Mail',
  summary: 'Say hello to a peer and see whether it is there',
  details: ['Sends a ping and waits up to two seconds for the ping that answers it.'],
  arguments: [PEER],
  json: '{id, peer: {id, name, path, state}, answered, warning}: warning is a sentence or null',
  example: `$ cahoots connect lib
Connected to 'lib' (p0c7zt) at /home/ada/projects/lib
It answered.`,
  exit: {},
  run: async (call) => {
    const seat = await seatOfCall(call, 'take');
    const peer = seat.correspondent.resolve(call.argument('peer'));
    const wait = showWait({
      output: call.output,
      text: () => `Waiting for ${oneLine(peer.name)} (${peer.id}) to answer`,
    });
    const connecting = connectPeer(seat, peer, call.signal);
    const { sent, answered, warning } = await connecting.finally(wait.end);
    const { id, name, path, state } = peer;
    if (call.json) {
      const about = { id, name, path, state };
      await call.output.printJson({ id: sent.id, peer: about, answered, warning: warning ?? null });
      return;
    }
    const outcome = answered ? 'It answered.' : (warning ?? 'It has not answered yet.');
    await call.output.print(`Connected to '${oneLine(name)}' (${id}) at ${oneLine(path)}\n${outcome}`);
  },
};
