import { isJsonObject, type JsonObject, objectsIn, stringOr } from './json.ts';

/**
 * What a request is for. `main`: the conversation itself. `subagent`: a conversation that the main one started.
 * `title`: the side call that names a session. `auxiliary`: any other side call (no tools offered).
 */
export type TurnKind = 'main' | 'subagent' | 'title' | 'auxiliary';

/** The result of an earlier call, as the request carries it. */
export interface ToolResult {
  readonly toolUseId: string;
  readonly tool: string;
  readonly text: string;
  readonly isError: boolean;
}

/** One request for an answer, as a script sees it. "New" is what no answer followed yet and no rule saw before. */
export interface ModelTurn {
  readonly kind: TurnKind;
  /** The conversation id that the host states, or an empty string. */
  readonly conversationId: string;
  /** The id of the subagent that asks, or an empty string for the main conversation. */
  readonly agentId: string;
  /** Every new text in order: the user's, mid-conversation `role:"system"` messages, reminders. Not tool results. */
  readonly newText: string;
  /** The new text of user messages without `<system-reminder>` blocks: what a person or peer said. */
  readonly prompt: string;
  /** The new tool results. */
  readonly toolResults: readonly ToolResult[];
  /** Names of the tools whose schema this request offers. */
  readonly tools: readonly string[];
  /** Names that the host announces as deferred: callable only after `ToolSearch`. The bench searches by itself. */
  readonly deferredTools: readonly string[];
  readonly messages: readonly JsonObject[];
  /** The whole parsed request body. */
  readonly body: JsonObject;
}

/** What the rules have seen of a conversation since its last answer, as marks of blocks: all of it, and the last turn's. */
export interface SeenBlocks {
  /** The position of that answer among the messages. */
  readonly answer: number;
  readonly all: readonly string[];
  readonly lastTurn: readonly string[];
}

/**
 * Reads a request body of the Messages API. `isBridge` knows the calls of answers that the bench gave in place of a rule,
 * so that nothing which came with their results is lost to the rules. `seen` is what the turn before returned.
 */
export function readTurn(
  body: JsonObject,
  {
    conversationId = '',
    agentId = '',
    isBridge = () => false,
    seen = NOTHING_SEEN,
  }: {
    conversationId?: string;
    agentId?: string;
    isBridge?: (callId: string) => boolean;
    seen?: SeenBlocks;
  } = {},
): { turn: ModelTurn; seen: SeenBlocks } {
  const messages = objectsIn(body.messages);
  const answer = lastAnswerOfRule(messages, isBridge);
  const unanswered = blocksAfter(answer, messages);
  const fresh = seen.answer === answer ? notSeen(unanswered, seen) : unanswered;
  // After a tool search the host adds a user text of these two words, which nobody said.
  const texts = fresh.filter((block) => block.type === 'text' && block.text.trim() !== 'Tool loaded.');
  const userTexts = texts
    .filter((block) => block.role === 'user')
    .map((block) => withoutReminders(block.text));
  const turn: ModelTurn = {
    kind: kindOf(body, { messages, agentId }),
    conversationId,
    agentId,
    newText: texts.map((block) => block.text).join('\n'),
    prompt: userTexts.filter(Boolean).join('\n'),
    toolResults: toolResults(fresh, messages).filter((result) => !isOwnStep(result.toolUseId)),
    tools: objectsIn(body.tools).map((tool) => stringOr(tool.name)),
    deferredTools: deferredTools(messages),
    messages,
    body,
  };
  return { turn, seen: { answer, all: unanswered.map(markOf), lastTurn: fresh.map(markOf) } };
}

/** Marks the ids of the calls that the bench makes by itself, before a call that a rule asked for. */
export const OWN_STEP_PREFIX = 'toolu_step_';

/** Every text of a request's messages, tool inputs and results included: what the model can be said to have seen. */
export function textOfMessages(body: JsonObject): string {
  return objectsIn(body.messages)
    .flatMap((message) => [
      ...textsOf(message.content),
      ...objectsIn(message.content).flatMap((block) => {
        if (block.type === 'tool_use') return [JSON.stringify(block.input)];
        return block.type === 'tool_result' ? textsOf(block.content) : [];
      }),
    ])
    .join('\n');
}

/** A piece of a message, with the role that said it. `text` is empty for pieces that are no text. */
interface RoleBlock {
  readonly role: string;
  readonly type: string;
  readonly text: string;
  readonly block: JsonObject;
}

/** What came after that answer, and after an interrupt since: the host leaves what was interrupted unanswered. */
function blocksAfter(answer: number, messages: readonly JsonObject[]): RoleBlock[] {
  const blocks = messages
    .slice(answer + 1)
    .filter((message) => message.role !== 'assistant')
    .flatMap(blocksOf);
  const interrupted = blocks.findLastIndex((block) => block.text.startsWith('[Request interrupted by user'));
  return blocks.slice(interrupted + 1);
}

/** The blocks that are new; those of the last turn when nothing is, since an identical request is its retry. */
function notSeen(blocks: readonly RoleBlock[], { all, lastTurn }: SeenBlocks): readonly RoleBlock[] {
  const fresh = without(blocks, all);
  if (fresh.length > 0) return fresh;
  return blocks.filter((block) => lastTurn.includes(markOf(block)));
}

/** Leaves out one block per mark, wherever it stands: the host's own reminders change their place between requests. */
function without(blocks: readonly RoleBlock[], marks: readonly string[]): RoleBlock[] {
  const left = [...marks];
  return blocks.filter((block) => {
    const index = left.indexOf(markOf(block));
    if (index >= 0) left.splice(index, 1);
    return index < 0;
  });
}

const NOTHING_SEEN: SeenBlocks = { answer: -1, all: [], lastTurn: [] };

function markOf({ role, type, text, block }: RoleBlock): string {
  // The host ends a text with a line break once another one follows it in the same message.
  return `${role} ${type} ${text.trimEnd() || stringOr(block.tool_use_id)}`;
}

function isOwnStep(callId: string): boolean {
  return callId.startsWith(OWN_STEP_PREFIX);
}

function blocksOf({ role, content }: JsonObject): RoleBlock[] {
  const blocks = typeof content === 'string' ? [{ type: 'text', text: content }] : objectsIn(content);
  return blocks.map((block) => ({
    role: stringOr(role),
    type: stringOr(block.type),
    text: stringOr(block.text),
    block,
  }));
}

function lastAnswerOfRule(messages: readonly JsonObject[], isBridge: (id: string) => boolean): number {
  return messages.findLastIndex((message) => {
    if (message.role !== 'assistant') return false;
    const calls = objectsIn(message.content).filter((block) => block.type === 'tool_use');
    return calls.length === 0 || !calls.every((call) => isBridge(stringOr(call.id)));
  });
}

function textsOf(content: unknown): string[] {
  if (typeof content === 'string') return [content];
  return objectsIn(content)
    .filter((block) => block.type === 'text')
    .map((block) => stringOr(block.text));
}

function withoutReminders(text: string): string {
  return text.replaceAll(/<system-reminder>[\s\S]*?<\/system-reminder>/g, '').trim();
}

function toolResults(fresh: readonly RoleBlock[], messages: readonly JsonObject[]): ToolResult[] {
  const names = new Map<string, string>();
  for (const block of messages.flatMap((message) => objectsIn(message.content))) {
    if (block.type === 'tool_use') names.set(stringOr(block.id), stringOr(block.name));
  }
  return fresh
    .filter(({ type }) => type === 'tool_result')
    .map(({ block }) => {
      const toolUseId = stringOr(block.tool_use_id);
      return {
        toolUseId,
        tool: names.get(toolUseId) ?? '',
        text: textsOf(block.content).join('\n'),
        isError: block.is_error === true,
      };
    });
}

function deferredTools(messages: readonly JsonObject[]): string[] {
  const lists = messages
    .flatMap((message) => textsOf(message.content))
    .flatMap((text) => [...text.matchAll(/deferred tools are now available[^\n]*\n((?:[\w.-]+\n?)+)/g)]);
  return [...new Set(lists.flatMap((list) => (list[1] ?? '').split('\n').filter(Boolean)))];
}

function kindOf(
  body: JsonObject,
  { messages, agentId }: { messages: readonly JsonObject[]; agentId: string },
): TurnKind {
  if (agentId !== '' || JSON.stringify(body.system ?? '').includes('cc_is_subagent=true')) return 'subagent';
  if (objectsIn(body.tools).length > 0) return 'main';
  const schema = isJsonObject(body.output_config) ? JSON.stringify(body.output_config.format ?? '') : '';
  const asksTitle = JSON.stringify(messages.at(-1)?.content ?? '').includes('Write the title');
  return asksTitle || schema.includes('"title"') ? 'title' : 'auxiliary';
}
