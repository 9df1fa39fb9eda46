import { between, thread } from '../../../client/mail/conversation.ts';
import type { JournalFollowing } from '../../../client/mail/follow-journal.ts';
import { followJournal, journal } from '../../../client/mail/follow-journal.ts';
import type { MessageHistory } from '../../../client/mail/message-history.ts';
import { requireMessageId } from '../../../client/mail/reply.ts';
import { peerNames } from '../../../client/seats/peer-names.ts';
import { CahootsError } from '../../../protocol/errors.ts';
import { currentState } from '../../../protocol/receipt.ts';
import type { Call, CommandSpec } from '../../command.ts';
import { countOption } from '../../options/number-options.ts';
import { oneLine, printable } from '../../text/printable.ts';
import { localTime } from '../../text/time-text.ts';

const DEFAULT_LIMIT = '50';
const MOST_AT_ONCE = 10_000;

export const log: CommandSpec = {
  name: 'log',
  group: 'Mail',
  summary: 'Show what was sent and what became of it, newest last',
  details: [
    'With --thread or --between it shows conversations instead: whole messages, each with the state that it has reached.',
  ],
  arguments: [{ name: 'other', summary: 'with --between: the other seat', optional: true }],
  options: [
    { name: 'thread', value: 'message-id', summary: 'the conversation that this message belongs to' },
    { name: 'between', value: 'seat', summary: 'what this seat and the other one said to each other' },
    { name: 'follow', summary: 'go on as things happen, until a signal ends it' },
    {
      name: 'limit',
      value: 'n',
      summary: 'how many earlier lines, or messages, to show',
      default: DEFAULT_LIMIT,
    },
  ],
  json: 'one line for each step of a message: {message, from, to, type, state, at, by, thread, inReplyTo, summary}, with reason and path where there are any; with --thread or --between one line {message, states} for each message, as show prints it',
  example: `$ cahoots log --limit 2
14:03:22  app → lib  query     delivered  msg-4f0q2m9x1c7a  What replaces login() in version 2?
14:03:41  lib → app  response  delivered  msg-8s2k5d0w3e6r  authenticate(config), which returns a …`,
  exit: { 1: 'the journal knows no such message' },
  run: async (call) => {
    const limit = countOption(call, 'limit') ?? 1;
    const conversation = conversationOf(call, { limit });
    if (conversation !== undefined) {
      await printConversation(call, { conversation });
      return;
    }
    const print = call.json ? jsonPrinter(call) : textPrinter(call);
    if (call.flag('follow')) {
      await followJournal(call.context, { limit, onEntries: print, signal: call.signal });
    }
    const entries = journal(call.context, limit);
    if (entries.length > 0) await print(entries);
    else call.output.note('Nothing has been sent yet.');
  },
};

type Printer = JournalFollowing['onEntries'];

function jsonPrinter({ output }: Call): Printer {
  return async (entries) => {
    // A call takes no more than some ten thousand arguments.
    for (let start = 0; start < entries.length; start += MOST_AT_ONCE)
      await output.printJson(...entries.slice(start, start + MOST_AT_ONCE));
  };
}

function textPrinter({ context, output }: Call): Printer {
  const nameOf = peerNames(context);
  return async (entries) => {
    const nowMs = context.clock.now();
    await output.printLines(
      entries.map(({ at, from, to, type = '', state, message, reason, summary = '' }) => {
        const why = reason === undefined ? '' : `  [${reason}]`;
        const names = oneLine(`${nameOf(from)} → ${nameOf(to)}`);
        const step = `${oneLine(type).padEnd(8)}  ${state.padEnd(9)}`;
        return `${localTime(at, nowMs)}  ${names}  ${step}  ${message}${oneLine(why)}  ${oneLine(summary)}`.trimEnd();
      }),
    );
  };
}

/** What --thread or --between ask for; undefined without them. */
function conversationOf(call: Call, { limit }: { limit: number }): MessageHistory[] | undefined {
  const [id, a, b] = [call.option('thread'), call.option('between'), call.optionalArgument('other')];
  if (id === undefined && a === undefined && b === undefined) return undefined;
  if (call.flag('follow') || (id !== undefined && (a !== undefined || b !== undefined)))
    throw usage('--thread, --between and --follow do not go together.');
  if (id !== undefined) return thread(call.context, requireMessageId(id));
  if (a === undefined || b === undefined) throw usage('--between takes two seats.');
  return between(call.context, { a, b, limit });
}

function usage(what: string): CahootsError {
  return new CahootsError('usage', what, {
    remedy: 'Examples: cahoots log --between app lib; cahoots log --thread msg-4f0q2m9x1c7a',
  });
}

async function printConversation(
  { context, output, json }: Call,
  { conversation }: { conversation: readonly MessageHistory[] },
): Promise<void> {
  if (json) {
    await output.printJson(...conversation);
    return;
  }
  if (conversation.length === 0) output.note('They have said nothing to each other yet.');
  const nameOf = peerNames(context);
  const nowMs = context.clock.now();
  const texts = conversation.map(({ message, states }) => {
    const { id, from, to, timestamp, content } = message;
    const type = message.request === true ? 'request' : message.type;
    const names = oneLine(`${nameOf(from)} → ${nameOf(to)}`);
    const time = localTime(states[0]?.at ?? timestamp, nowMs);
    const head = `${output.style('bold', names)}  ${time}  ${type}, ${currentState(states)}  ${id}`;
    return `${head}\n${(output.isTerminal ? printable(content) : content).replace(/^/gm, '  ')}`;
  });
  if (texts.length > 0) await output.printStyled(texts.join('\n\n'));
}
