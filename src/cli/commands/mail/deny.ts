import { denyMessage } from '../../../client/mail/held-mail.ts';
import { requireMessageId } from '../../../client/mail/reply.ts';
import type { CommandSpec } from '../../command.ts';
import { MESSAGE_ID } from '../../options/common-arguments.ts';

export const deny: CommandSpec = {
  name: 'deny',
  group: 'Who may reach you',
  summary: 'Refuse a held message; its sender is told',
  arguments: [MESSAGE_ID],
  json: '{id, receiver: {id, name}, decision}: decision is denied',
  example: `$ cahoots deny msg-4f0q2m9x1c7a
msg-4f0q2m9x1c7a will not reach lib (p0c7zt)`,
  exit: { 1: 'no such message, or it does not wait any more' },
  run: async (call) => {
    const { id, receiver } = denyMessage(call.context, requireMessageId(call.argument('message-id')));
    if (call.json) await call.output.printJson({ id, receiver, decision: 'denied' });
    else await call.output.print(`${id} will not reach ${receiver.name} (${receiver.id})`);
  },
};
