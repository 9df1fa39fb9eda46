import { acceptMessage } from '../../../client/mail/held-mail.ts';
import { requireMessageId } from '../../../client/mail/reply.ts';
import type { CommandSpec } from '../../command.ts';
import { MESSAGE_ID } from '../../options/common-arguments.ts';

export const accept: CommandSpec = {
  name: 'accept',
  group: 'Who may reach you',
  summary: 'Let a held message through to its session',
  details: ['The message may wait in any seat of yours. Its session gets it as soon as it looks.'],
  arguments: [MESSAGE_ID],
  json: '{id, receiver: {id, name}, decision}: decision is accepted',
  example: `$ cahoots accept msg-4f0q2m9x1c7a
msg-4f0q2m9x1c7a may now reach lib (p0c7zt)`,
  exit: { 1: 'no such message, or it does not wait any more' },
  run: async (call) => {
    const { id, receiver } = acceptMessage(call.context, requireMessageId(call.argument('message-id')));
    if (call.json) await call.output.printJson({ id, receiver, decision: 'accepted' });
    else await call.output.print(`${id} may now reach ${receiver.name} (${receiver.id})`);
  },
};
