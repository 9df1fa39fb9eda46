import { resolvePeerOf, waitForPeer, watchedEvent } from '../../../client/seats/wait-for-peer.ts';
import { WATCHED_EVENTS } from '../../../protocol/watched-event.ts';
import type { CommandSpec } from '../../command.ts';
import { PEER } from '../../options/common-arguments.ts';
import { secondsOption } from '../../options/number-options.ts';
import { oneLine } from '../../text/printable.ts';
import { showWait } from '../../text/wait-line.ts';

export const when: CommandSpec = {
  name: 'when',
  group: 'Seats',
  summary: 'Wait until something happens at a peer',
  details: [
    'idle: it is not at work. done: a turn of its session has ended since this began. commit: its project has a new commit. ended: its session is gone. A peer that ends meanwhile ends any of these waits.',
  ],
  arguments: [PEER, { name: 'event', summary: 'what to wait for', choices: WATCHED_EVENTS }],
  options: [{ name: 'wait', value: 'seconds', summary: 'give up after so long; by default never' }],
  json: '{peer: {id, name}, event, text}: text says in a sentence what happened',
  example: `$ cahoots when lib done && npm install ../lib
lib (p0c7zt) has ended its turn.`,
  exit: { 4: 'it has not happened in time' },
  run: async (call) => {
    const waitMs = secondsOption(call, 'wait') ?? Number.POSITIVE_INFINITY;
    const event = watchedEvent(call.argument('event'));
    const peer = resolvePeerOf(call.context, call.argument('peer'));
    const wait = showWait({
      output: call.output,
      text: () => `Waiting until ${oneLine(peer.name)} (${peer.id}) is "${event}"; Ctrl-C ends it`,
    });
    const watching = waitForPeer(call.context, { peer, event, waitMs, signal: call.signal });
    const text = await watching.finally(wait.end);
    if (call.json) await call.output.printJson({ peer: { id: peer.id, name: peer.name }, event, text });
    else await call.output.print(text);
  },
};
