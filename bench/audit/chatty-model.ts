import type { ModelRule, ModelTurn, ToolCall } from '../../src/testing/index.ts';

const TOOL = 'mcp__plugin_cahoots_bridge__';
/** Of each burst: two notes, two questions that are not waited for, and one that is. */
const BURST = ['send', 'ask', 'send', 'ask', 'wait'] as const;
/** How many steps of other work follow each burst of a busy session. */
const WORK_STEPS = 4;

/** How many messages a burst comes to, with the answers to its questions. */
export const MESSAGES_PER_BURST: number = BURST.length + BURST.filter((kind) => kind !== 'send').length;

/** A session's model that sends bursts to its peers when a prompt says so, and answers every question that it sees. */
export interface ChattyModel {
  readonly rule: ModelRule;
  /** Results of our tools that were errors. */
  readonly errors: readonly string[];
}

/**
 * Makes the model of one session. `IDLE` in a prompt makes it send one burst and end its turn; `BUSY n` makes it send n
 * bursts in one turn, with other work after each. Whatever else it is asked it says one word.
 */
export function chattyModel(name: string, peers: readonly string[]): ChattyModel {
  const answered = new Set<string>();
  const errors: string[] = [];
  let sent = 0;
  let burstsLeft = 0;
  let workLeft = 0;
  const burst = (): ToolCall[] =>
    BURST.map((kind) => {
      const peer = peers[sent % peers.length] ?? '';
      sent += 1;
      const text = `${kind} ${sent} of ${name}: ${'what changed in this part? '.repeat(8)}`;
      return kind === 'send'
        ? { tool: `${TOOL}send`, input: { peer, text } }
        : { tool: `${TOOL}ask`, input: { peer, question: text, wait_seconds: kind === 'wait' ? 3 : 0 } };
    });
  const rule: ModelRule = (turn) => {
    if (turn.kind !== 'main') return undefined;
    errors.push(...turn.toolResults.filter(({ isError }) => isError).map(({ text }) => text));
    const calls: ToolCall[] = [];
    for (const id of newQueries(turn, answered))
      calls.push({ tool: `${TOOL}reply`, input: { id, text: `The answer of ${name} to ${id}.` } });
    const [, order, count] = /^(IDLE|BUSY) (\d+)$/m.exec(turn.prompt) ?? [];
    if (order === 'IDLE') calls.push(...burst());
    if (order === 'BUSY') burstsLeft += Number(count);
    if (calls.length > 0) return { calls };
    if (workLeft > 0) {
      workLeft -= 1;
      return { tool: 'Bash', input: { command: 'sleep 0.1', description: 'other work' } };
    }
    if (burstsLeft > 0) {
      burstsLeft -= 1;
      workLeft = WORK_STEPS;
      return { calls: burst() };
    }
    return 'Done.';
  };
  return { rule, errors };
}

function newQueries(turn: ModelTurn, answered: Set<string>): string[] {
  const news = [turn.newText, ...turn.toolResults.map(({ text }) => text)].join('\n');
  const ids = [...news.matchAll(/<peer-message id="(msg-\w+)" type="query"/g)].map(([, id = '']) => id);
  const fresh = [...new Set(ids)].filter((id) => !answered.has(id));
  for (const id of fresh) answered.add(id);
  return fresh;
}
