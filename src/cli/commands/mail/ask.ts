import { addresseeOf } from '../../../client/addressee.ts';
import type { AskOutcome, Question } from '../../../client/mail/ask.ts';
import { ask as askPeer } from '../../../client/mail/ask.ts';
import { showMessage } from '../../../client/mail/show-message.ts';
import { unansweredError } from '../../../client/mail/wait-errors.ts';
import type { OpenSeat } from '../../../client/seats/open-seat.ts';
import { CahootsError } from '../../../protocol/errors.ts';
import type { Message } from '../../../protocol/message.ts';
import type { MessageState } from '../../../protocol/receipt.ts';
import type { Call, CommandSpec } from '../../command.ts';
import { asCommand, COMMAND_OPTION } from '../../options/command-option.ts';
import { PEER } from '../../options/common-arguments.ts';
import { secondsOption } from '../../options/number-options.ts';
import { textFrom } from '../../options/text-input.ts';
import { seatOfCall } from '../../seat-of-call.ts';
import { oneLine } from '../../text/printable.ts';
import { showWait } from '../../text/wait-line.ts';

const DEFAULT_WAIT_SECONDS = '90';
/** How often it is said where no line can be written again that an answer is waited for. */
const LINE_INTERVAL_MS = 15_000;

export const ask: CommandSpec = {
  name: 'ask',
  group: 'Mail',
  summary: 'Ask a peer a question and wait for the answer',
  details: [
    'An answer that comes after the time is up waits in the mailbox, for listen. The answer may be a question back; answer that with reply.',
    'With --request the peer decides by its own permissions whether it does the work; show tells how it stands (work-accepted, working, answered with the result), and cancel calls it off.',
    'The wait ends early, with status 5, when the question is held for a person at the other side, refused, or cannot be delivered.',
    'With --revive a peer that is away is answered for by a fork of its last conversation, which may look at files and change nothing, under a limit of cost; the answer says so. A conversation of more than 50,000 tokens (reviveTokens) has to be confirmed. Comes the fork to no answer, the question waits for the session itself.',
    'What a person or script asks a managed session is its next prompt, and the answer is the result of that turn: what it said, what was denied, and why it did not come to its end (status 1, or 5 when a limit was reached).',
    "Text is text: one that begins with / or mentions a file with @ runs and opens nothing. With --command it is a command of the session's agent instead, judged by its preset.",
  ],
  arguments: [PEER, { name: 'question', summary: 'the text; - reads standard input' }],
  options: [
    {
      name: 'wait',
      value: 'seconds',
      summary: 'how long to wait; 0 only asks',
      default: DEFAULT_WAIT_SECONDS,
    },
    { name: 'request', summary: 'ask for work to be done there, not only for an answer' },
    {
      name: 'revive',
      summary: 'when the peer is away, have a read-only copy of its last conversation answer',
    },
    COMMAND_OPTION,
    { name: 'yes', summary: 'with --revive: also when that conversation is large' },
  ],
  json: '{id, state, response}: response is {id, from, content, timestamp}, with answeredBy: "fork" when a fork gave it, or null when there is none yet; also with the statuses 4 and 5 when the question was sent; of a managed session also result, the prompt with what came of it, and state is queued, running, completed, interrupted, limit-reached, failed or dropped',
  example: `$ cahoots ask lib "What replaces login() in version 2?"
Response from lib:
authenticate(config), which returns a promise. See src/auth.ts.`,
  exit: {
    4: 'no answer in time; the question stays asked',
    5: 'the question is held, was refused, has expired, or cannot be delivered; a limit of the managed session was reached',
  },
  run: async (call) => {
    const waitMs = secondsOption(call, 'wait') ?? 0;
    const content = await textFrom(call, 'question');
    const address = call.argument('peer');
    const to = addresseeOf(call.context, {
      address,
      as: { address: call.as, use: 'take' },
      revives: call.flag('revive'),
    });
    const command = asCommand(call, { isPrompt: to.kind === 'prompt' });
    if (to.kind === 'prompt') {
      const { askManaged } = await import('../../lazy/sessions.ts');
      return await askManaged(call, { session: to.peer, text: content, from: to.from, command, waitMs });
    }
    const seat = await seatOfCall(call, 'take');
    const peer = seat.correspondent.resolve(address);
    const ask = to.isRevived ? await reviving(call, peer) : askPeer;
    let state: MessageState = 'accepted';
    const wait = showWait({
      output: call.output,
      text: (seconds) => `Waiting for ${oneLine(peer.name)} (${peer.id}): ${state}, ${seconds} s`,
      repeatMs: LINE_INTERVAL_MS,
    });
    try {
      const outcome = await ask(seat, {
        peer,
        content,
        request: call.flag('request'),
        waitMs,
        signal: call.signal,
        onState: (next) => {
          state = next;
          wait.update();
        },
      });
      wait.end();
      return await report(call, { seat, outcome, waitMs, name: peer.name });
    } catch (error) {
      if (call.signal.aborted)
        call.output.note('Given up. The answer will wait in the mailbox: cahoots listen');
      throw error;
    } finally {
      wait.end();
    }
  },
};

/** How a peer that is away is asked. The person confirms it first where its conversation is large. */
async function reviving(call: Call, { id, name }: Question['peer']): Promise<typeof askPeer> {
  const { askRevived, confirm, conversationSize } = await import('../../lazy/sessions.ts');
  const { contextTokens, most } = await conversationSize(call.context, id);
  const isLarge = contextTokens > most;
  const size = contextTokens.toLocaleString('en-US');
  if (
    isLarge &&
    !(await confirm(call, `The conversation of ${oneLine(name)} has about ${size} tokens. Fork it?`))
  )
    throw new CahootsError('cancelled', 'Nothing was asked.', { remedy: 'Ask again to fork it.' });
  return async (seat, question) => await askRevived(seat, question, { confirmed: isLarge });
}

interface Report {
  readonly seat: OpenSeat;
  readonly outcome: AskOutcome;
  readonly waitMs: number;
  readonly name: string;
}

async function report(call: Call, facts: Report): Promise<number> {
  const { outcome, seat } = facts;
  const { claimed } = outcome;
  const print = async (): Promise<void> => await printOutcome(call, facts);
  if (claimed === undefined) await print();
  else await showMessage(seat, claimed, print);
  if (outcome.response !== undefined) return 0;
  const error = unansweredError(outcome, facts);
  call.output.note(error.message);
  return error.exitStatus;
}

async function printOutcome(call: Call, { outcome, name }: Report): Promise<void> {
  const { sent, state, response } = outcome;
  if (call.json) {
    const shown =
      response === undefined
        ? null
        : {
            id: response.id,
            from: response.from,
            content: response.content,
            timestamp: response.timestamp,
            ...(isByFork(response) && { answeredBy: 'fork' }),
          };
    await call.output.printJson({ id: sent.id, state, response: shown });
  } else if (response !== undefined) {
    const who = isByFork(response) ? `${name}, by a fork of its last conversation` : name;
    await call.output.print(`Response from ${who}:\n${response.content}`);
  }
}

function isByFork({ metadata }: Message): boolean {
  return metadata.answeredBy === 'fork';
}
