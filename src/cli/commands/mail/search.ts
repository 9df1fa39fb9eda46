import { peerNames } from '../../../client/seats/peer-names.ts';
import { CahootsError } from '../../../protocol/errors.ts';
import { FOUND_TYPES, type Found, type FoundType } from '../../../protocol/search.ts';
import type { Call, CommandSpec } from '../../command.ts';
import { countOption, secondsOption } from '../../options/number-options.ts';
import { oneLine } from '../../text/printable.ts';
import { localTime } from '../../text/time-text.ts';

export const search: CommandSpec = {
  name: 'search',
  group: 'Mail',
  summary: 'Find words in all messages, prompts and results, newest first',
  details: [
    'All words have to be in the text, in any order; a phrase stands in double quotes, and the last word may be the beginning of one. Upper and lower case, accents and punctuation mean nothing. A prompt is what a managed session was told, a result what it said at the end of that turn.',
    'The daemon keeps the index, is started where none runs, and takes a while the first time. What was erased or is no longer kept is not found.',
  ],
  arguments: [{ name: 'words', summary: 'what to find' }],
  options: [
    { name: 'peer', value: 'seat', summary: 'only what this seat sent or received' },
    { name: 'type', value: 'type', summary: `only one of ${FOUND_TYPES.join(', ')}` },
    { name: 'since', value: 'time', summary: 'not before this date or time, or how long ago: 2h, 3d' },
    { name: 'until', value: 'time', summary: 'not after it' },
    { name: 'limit', value: 'n', summary: 'how many to show, at most 1000', default: '20' },
    {
      name: 'wait',
      value: 'seconds',
      summary: 'give up after so long while the index is made',
      default: '60',
    },
  ],
  json: 'one line for each: {id, type, from, fromName, to, toName, at, snippet, matches}; matches is [[begin, end]], places in the snippet; a result has the id of its prompt',
  example: `$ cahoots search '"version 2" login' --peer lib
14:03:22  app → lib  query  msg-4f0q2m9x1c7a
  What replaces [login]() in [version 2]?`,
  exit: { 0: 'done, also when nothing is found', 4: 'the index is still being made' },
  run: async (call) => {
    const { momentOption, searchAll } = await import('../../lazy/search.ts');
    const nowMs = call.context.clock.now();
    const found = await searchAll(call.context, {
      words: call.argument('words'),
      peer: call.option('peer'),
      type: typeOption(call),
      sinceMs: momentOption(call, 'since', { nowMs }),
      untilMs: momentOption(call, 'until', { nowMs, end: true }),
      limit: limitOption(call),
      waitMs: secondsOption(call, 'wait'),
      signal: call.signal,
    });
    if (call.json) await printJson(call, { found });
    else if (found.length === 0) call.output.note('Nothing was found.');
    else await printText(call, { found });
  },
};

function typeOption(call: Call): FoundType | undefined {
  const text = call.option('type');
  const type = FOUND_TYPES.find((known) => known === text);
  if (text === undefined || type !== undefined) return type;
  throw new CahootsError('usage', `--type is "${text.slice(0, 80)}", which is no type.`, {
    remedy: `Give one of ${FOUND_TYPES.join(', ')}.`,
    facts: { option: 'type', got: text },
  });
}

const MOST = 1_000;

function limitOption(call: Call): number | undefined {
  const limit = countOption(call, 'limit');
  if (limit === undefined || limit <= MOST) return limit;
  throw new CahootsError('usage', `--limit is ${limit}, more than ${MOST}.`, {
    remedy: `Give a number up to ${MOST}; --until shows what is older.`,
    facts: { option: 'limit', got: limit },
  });
}

interface Finding {
  readonly found: readonly Found[];
}

async function printJson({ context, output }: Call, { found }: Finding): Promise<void> {
  const nameOf = peerNames(context);
  const lines = found.map(({ id, type, from, to, atMs, snippet, matches }) => ({
    id,
    type,
    from,
    fromName: nameOf(from),
    to,
    toName: nameOf(to),
    at: new Date(atMs).toISOString(),
    snippet,
    matches,
  }));
  await output.printJson(...lines);
}

async function printText(call: Call, { found }: Finding): Promise<void> {
  const { context, output } = call;
  const nameOf = peerNames(context);
  const nowMs = context.clock.now();
  const texts = found.map((one) => {
    const { id, type, from, to, atMs } = one;
    const names = oneLine(`${nameOf(from)} → ${nameOf(to)}`);
    const time = localTime(new Date(atMs).toISOString(), nowMs);
    return `${time}  ${output.style('bold', names)}  ${type}  ${oneLine(id)}\n  ${marked(call, one)}`;
  });
  await output.printStyled(texts.join('\n'));
}

/** The snippet on one line: matches in another style on a terminal, else in brackets. */
function marked({ output }: Call, { snippet, matches }: Found): string {
  let line = '';
  let at = 0;
  for (const [begin, end] of matches) {
    const match = oneLine(snippet.slice(begin, end));
    line += oneLine(snippet.slice(at, begin));
    line += output.isTerminal ? output.style(['bold', 'underline'], match) : `[${match}]`;
    at = end;
  }
  return `${line}${oneLine(snippet.slice(at))}`;
}
