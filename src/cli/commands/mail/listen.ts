import { nextMessage, whileListening } from '../../../client/mail/next-message.ts';
import { showMessage } from '../../../client/mail/show-message.ts';
import { noMessageError } from '../../../client/mail/wait-errors.ts';
import type { Message } from '../../../protocol/message.ts';
import type { Call, CommandSpec } from '../../command.ts';
import { secondsOption } from '../../options/number-options.ts';
import { seatOfCall } from '../../seat-of-call.ts';
import { oneLine } from '../../text/printable.ts';
import { v1Lines } from '../../text/v1-lines.ts';
import { showWait } from '../../text/wait-line.ts';

export const listen: CommandSpec = {
  name: 'listen',
  group: 'Mail',
  summary: 'Take the next message, waiting for one when there is none',
  details: [
    'Of several listeners one gets each message. A message counts as seen once it has been printed; one that could not be printed waits again, marked as a possible repeat. An answer that an ask of the same seat waits for is left to it. A ping is answered.',
    'Without --json the output is that of session-bridge v1: six lines NAME=value, a line ---, and the content. Where v1 exits with 1 when the time is up, this exits with 4. With --follow, programs should use --json: the content of a message may look like the beginning of the next one.',
  ],
  options: [
    { name: 'wait', value: 'seconds', summary: 'give up when no message came for so long; by default never' },
    { name: 'follow', summary: 'go on with the next message, until a signal or --wait ends it' },
  ],
  json: 'the message as it lies in the mailbox, one line for each: {id, from, to, type, timestamp, status, content, inReplyTo, metadata, …}',
  example: `$ cahoots listen --wait 600
MESSAGE_ID=msg-4f0q2m9x1c7a
FROM_ID=k3x9qa
TO_ID=p0c7zt
FROM_PROJECT=app
TYPE=query
IN_REPLY_TO=
---
What replaces login() in version 2?`,
  exit: { 1: 'a session sits on the seat that --as names', 4: 'no message in time' },
  run: async (call) => {
    const waitMs = secondsOption(call, 'wait') ?? Number.POSITIVE_INFINITY;
    const seat = await seatOfCall(call, 'take');
    await whileListening(seat, async () => {
      do {
        const wait = showWait({
          output: call.output,
          text: () => `Listening at ${oneLine(seat.record.name)} (${seat.folder.id}); Ctrl-C ends it`,
        });
        const next = nextMessage(seat, { waitMs, signal: call.signal });
        const claimed = await next.finally(wait.end);
        if (claimed === undefined) throw noMessageError(waitMs);
        await showMessage(seat, claimed, async () => await printMessage(call, { message: claimed.message }));
      } while (call.flag('follow'));
    });
  },
};

async function printMessage(call: Call, { message }: { message: Message }): Promise<void> {
  if (call.json) {
    await call.output.printJson({ ...message, status: 'read' });
    return;
  }
  if ((message.repeat ?? 0) > 0) call.output.note('The next message may have been shown before:');
  await call.output.print(v1Lines(message));
}
