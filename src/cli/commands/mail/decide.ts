import type { ClientContext } from '../../../client/client-context.ts';
import { acceptMessage, type Decision, denyMessage } from '../../../client/mail/held-mail.ts';
import { requireMessageId } from '../../../client/mail/reply.ts';
import type { MessageId } from '../../../protocol/ids.ts';
import type { Call, CommandSpec } from '../../command.ts';
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
  run: async (call) => await decide(call, { by: acceptMessage, decision: 'accepted', text: 'may now reach' }),
};

export const deny: CommandSpec = {
  name: 'deny',
  group: 'Who may reach you',
  summary: 'Refuse a held message; its sender is told',
  arguments: [MESSAGE_ID],
  json: '{id, receiver: {id, name}, decision}: decision is denied',
  example: `$ cahoots deny msg-4f0q2m9x1c7a
msg-4f0q2m9x1c7a will not reach lib (p0c7zt)`,
  exit: { 1: 'no such message, or it does not wait any more' },
  run: async (call) => await decide(call, { by: denyMessage, decision: 'denied', text: 'will not reach' }),
};

async function decide(
  call: Call,
  {
    by,
    decision,
    text,
  }: {
    by: (context: ClientContext, id: MessageId) => Decision;
    decision: 'accepted' | 'denied';
    text: string;
  },
): Promise<void> {
  const { id, receiver } = by(call.context, requireMessageId(call.argument('message-id')));
  if (call.json) await call.output.printJson({ id, receiver, decision });
  else await call.output.print(`${id} ${text} ${receiver.name} (${receiver.id})`);
}
