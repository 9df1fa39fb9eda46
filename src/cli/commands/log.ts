import type { KnownEntry } from '../../client/journal-tail.ts';
import type { Call, CommandSpec, Runtime } from '../command.ts';
import { oneLine } from '../printable.ts';

const DEFAULT_LIMIT = '50';

export const log: CommandSpec = {
  name: 'log',
  group: 'Mail',
  summary: 'Show what was sent and what became of it, newest last',
  options: [
    { name: 'follow', summary: 'go on as things happen, until a signal ends it' },
    { name: 'limit', value: 'n', summary: 'how many earlier lines to show', default: DEFAULT_LIMIT },
  ],
  json: 'one line for each step of a message: {message, from, to, type, state, at, by, thread, inReplyTo, summary}, with reason and path where there are any',
  example: `$ cahoots log --limit 2
14:03:22  app → lib  query     delivered  msg-4f0q2m9x1c7a  What replaces login() in version 2?
14:03:41  lib → app  response  delivered  msg-8s2k5d0w3e6r  authenticate(config), which returns a …`,
  exit: {},
  run: async (call, runtime) => {
    const limit = runtime.countOption(call, 'limit') ?? 1;
    const print = call.json ? jsonPrinter(call) : textPrinter(call, runtime);
    if (call.flag('follow')) {
      await runtime.followJournal(call.context, { limit, onEntries: print, signal: call.signal });
    }
    const entries = runtime.journal(call.context, limit);
    if (entries.length > 0) await print(entries);
    else call.output.note('Nothing has been sent yet.');
  },
};

type Printer = (entries: readonly KnownEntry[]) => Promise<void>;

function jsonPrinter({ output }: Call): Printer {
  return async (entries) => await output.printJson(...entries);
}

function textPrinter({ context, output }: Call, runtime: Runtime): Printer {
  const nameOf = runtime.peerNames(context);
  return async (entries) => {
    const nowMs = context.clock.now();
    await output.printLines(
      entries.map(({ at, from, to, type = '', state, message, reason, summary = '' }) => {
        const why = reason === undefined ? '' : `  [${reason}]`;
        const names = oneLine(`${nameOf(from)} → ${nameOf(to)}`);
        const step = `${oneLine(type).padEnd(8)}  ${state.padEnd(9)}`;
        return `${runtime.localTime(at, nowMs)}  ${names}  ${step}  ${message}${oneLine(why)}  ${oneLine(summary)}`.trimEnd();
      }),
    );
  };
}
