import { addresseeOf } from '../../../client/addressee.ts';
import type { CommandSpec } from '../../command.ts';
import { asCommand, COMMAND_OPTION } from '../../options/command-option.ts';
import { PEER } from '../../options/common-arguments.ts';
import { textFrom } from '../../options/text-input.ts';
import { seatOfCall } from '../../seat-of-call.ts';

export const send: CommandSpec = {
  name: 'send',
  group: 'Mail',
  summary: 'Send a peer a message that expects no answer',
  details: [
    'It does not wake a session; it comes with the next thing that the session does. A session of session-bridge v1 knows no such messages and gets it as a query.',
    'What a person or script sends to a managed session is its next prompt; output and history show what came of it. It is text, whatever it begins with; with --command it is a command of the agent, judged by the preset.',
  ],
  arguments: [PEER, { name: 'text', summary: 'the text; - reads standard input' }],
  options: [COMMAND_OPTION],
  json: '{id, state}: the id of the message, and delivered once it lies in the mailbox of the peer; of a prompt its id, and queued or running',
  example: `$ git log -1 --format=%B | cahoots send app -
msg-4f0q2m9x1c7a delivered to app (k3x9qa)`,
  exit: { 1: 'the managed session has no process: resume it first' },
  run: async (call) => {
    const text = await textFrom(call, 'text');
    const address = call.argument('peer');
    const to = addresseeOf(call.context, { address, as: { address: call.as, use: 'speak' } });
    const command = asCommand(call, { isPrompt: to.kind === 'prompt' });
    if (to.kind === 'prompt') {
      const { sendManaged } = await import('../../lazy/sessions.ts');
      await sendManaged(call, { session: to.peer, text, from: to.from, command });
      return;
    }
    const seat = await seatOfCall(call, 'speak');
    const peer = seat.correspondent.resolve(address);
    const type = peer.kind === 'v1' ? 'query' : 'note';
    const { id } = seat.correspondent.send(peer, { type, content: text });
    if (call.json) await call.output.printJson({ id, state: 'delivered' });
    else await call.output.print(`${id} delivered to ${peer.name} (${peer.id})`);
  },
};
