import type { Reply } from './model-reply.ts';
import type { ModelTurn } from './model-turn.ts';

/** Decides the answer to one request; `undefined` passes the turn on to the next rule, and at last to the echo. */
export type ModelRule = (turn: ModelTurn) => Reply | undefined | Promise<Reply | undefined>;

/** A fixed reply, or one made from the turn and the match. */
export type ReplyMaker = Reply | ((turn: ModelTurn, match: RegExpMatchArray) => Reply | Promise<Reply>);

/**
 * Replies when a new text matches. Looks at `turn.newText`, which on a first turn also holds the host's own reminders
 * (skills, tools, environment): `{ in: 'prompt' }` looks only at what a person or peer said in a user message.
 */
export function when(
  pattern: RegExp,
  reply: ReplyMaker,
  options: { in?: 'newText' | 'prompt' } = {},
): ModelRule {
  return (turn) => replyOnMatch(turn, turn[options.in ?? 'newText'].match(plain(pattern)), reply);
}

/** Replies when a new result of a tool matches. `tool` is the whole name or a pattern of it. */
export function whenToolResult(
  tool: string | RegExp,
  reply: ReplyMaker,
  pattern: RegExp = /[\s\S]*/,
): ModelRule {
  return (turn) => {
    const results = turn.toolResults.filter((result) =>
      typeof tool === 'string' ? result.tool === tool : plain(tool).test(result.tool),
    );
    const match = results.map((result) => result.text.match(plain(pattern))).find((found) => found !== null);
    return replyOnMatch(turn, match ?? null, reply);
  };
}

/** Gives the replies one after the other, one per turn, whatever the turn says; then passes on. */
export function inOrder(...replies: readonly Reply[]): ModelRule {
  let next = 0;
  return () => replies[next++];
}

/** The default: `ECHO[prompt]`, or `RESULT[text of the tool results]` when tools have answered. */
export const echo: ModelRule = (turn) => {
  const results = turn.toolResults.map((result) => `RESULT[${result.text}]`);
  const said = turn.prompt || (results.length === 0 ? turn.newText.trim() : '');
  return [...results, ...(said === '' ? [] : [`ECHO[${said}]`])].join('\n');
};

function replyOnMatch(turn: ModelTurn, match: RegExpMatchArray | null, reply: ReplyMaker) {
  if (match === null) return undefined;
  return typeof reply === 'function' ? reply(turn, match) : reply;
}

/** A global or sticky pattern remembers where it stopped, and would miss every second turn. */
function plain(pattern: RegExp): RegExp {
  return new RegExp(pattern.source, pattern.flags.replaceAll(/[gy]/g, ''));
}
