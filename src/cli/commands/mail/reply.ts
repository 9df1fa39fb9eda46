import { replyFromSeat, requireMessageId } from '../../../client/mail/reply.ts';
import { openOwnSeat } from '../../../client/seats/open-seat.ts';
import { peerNames } from '../../../client/seats/peer-names.ts';
import { CahootsError } from '../../../protocol/errors.ts';
import { WORK_STEPS, type WorkStep } from '../../../protocol/message.ts';
import type { Call, CommandSpec } from '../../command.ts';
import { MESSAGE_ID } from '../../options/common-arguments.ts';
import { textFrom } from '../../options/text-input.ts';

export const reply: CommandSpec = {
  name: 'reply',
  group: 'Mail',
  summary: 'Answer a message that this seat has received',
  details: [
    'A query gets a response. A response, which is then a question back, gets a new query. A message that still waits is taken with it.',
  ],
  options: [
    {
      name: 'step',
      value: 'step',
      summary: 'of requested work, before its result: accepted, working or declined; the text is the note',
    },
  ],
  arguments: [MESSAGE_ID, { name: 'text', summary: 'the text; - reads standard input' }],
  json: '{id, state}: the id of the answer, and delivered once it lies in the mailbox of the peer',
  example: `$ cahoots reply msg-4f0q2m9x1c7a "authenticate(config), see src/auth.ts"
msg-8s2k5d0w3e6r delivered to app (k3x9qa)`,
  exit: {
    1: 'no such message here, or one that cannot be answered; also: a session sits on the seat that --as names',
  },
  run: async (call) => {
    const id = requireMessageId(call.argument('message-id'));
    const content = await textFrom(call, 'text');
    const seat = await openOwnSeat(call.context, { address: call.as, use: 'speak' });
    const step = stepOf(call);
    const sent = replyFromSeat(seat, {
      ...(step === undefined ? {} : { step }),
      id,
      content,
      isNamed: call.as !== undefined,
    });
    if (call.json) await call.output.printJson({ id: sent.id, state: 'delivered' });
    else await call.output.print(`${sent.id} delivered to ${peerNames(call.context)(sent.to)} (${sent.to})`);
  },
};

function stepOf(call: Call): WorkStep | undefined {
  const text = call.option('step');
  if (text === undefined) return undefined;
  const step = STEPS.find((candidate) => candidate === text);
  if (step !== undefined) return step;
  throw new CahootsError('usage', `"${text.slice(0, 80)}" is no step of requested work.`, {
    remedy: `Use one of: ${STEPS.join(', ')}. Without a step the text is the result.`,
    facts: { got: text },
  });
}

const STEPS = WORK_STEPS.filter((step) => step !== 'cancelled');
