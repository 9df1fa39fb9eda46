import { waitingInOrder } from '../../../client/mail/pending-mail.ts';
import type { CommandSpec } from '../../command.ts';
import { oneLine, shortened } from '../../text/printable.ts';
import { timeAgo } from '../../text/time-text.ts';

export const inbox: CommandSpec = {
  name: 'inbox',
  group: 'Mail',
  summary: 'List the messages that wait, without taking them',
  json: '[message]: each as listen prints it, with the status pending, or held for one that waits for a person',
  example: `$ cahoots inbox
msg-4f0q2m9x1c7a  query from app (k3x9qa), 3 minutes ago
  What replaces login() in version 2?`,
  exit: { 1: 'this folder has no mailbox' },
  run: async (call) => {
    const waiting = waitingInOrder(call.context, call.as);
    if (call.json) {
      await call.output.printJson(
        waiting.map(({ message, heldBecause }) => ({
          ...message,
          status: heldBecause === undefined ? 'pending' : 'held',
        })),
      );
      return;
    }
    if (waiting.length === 0) {
      call.output.note('No message waits.');
      return;
    }
    const nowMs = call.context.clock.now();
    const blocks = waiting.map(({ message, heldBecause }) => {
      const { id, type, from, metadata, timestamp, content } = message;
      const name = oneLine(metadata.fromName ?? metadata.fromProject ?? 'unknown');
      const head = `${call.output.style('bold', id)}  ${type} from ${name} (${from}), ${timeAgo(timestamp, nowMs)}`;
      const held =
        heldBecause === undefined
          ? []
          : [`  held: ${oneLine(heldBecause)}; let it through with: cahoots accept ${id}`];
      return [head, ...held, `  ${shortened(content, 200)}`].join('\n');
    });
    await call.output.printStyled(blocks.join('\n'));
  },
};
