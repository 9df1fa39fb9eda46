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

/** One request for an answer, as a script sees it. "New" means: after the last answer that the script gave. */
export interface ModelTurn {
  readonly kind: TurnKind;
  /** The conversation id that the host states, or an empty string. */
  readonly conversationId: string;
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

/** Reads a request body of the Messages API. Ids in `bridgedCalls` are calls that the bench made by itself. */
export function readTurn(
  body: JsonObject,
  { conversationId = '', isOwnCall = () => false }: { conversationId?: string; isOwnCall?: (id: string) => boolean } = {},
): ModelTurn {
  const messages = objectsIn(body.messages);
  const fresh = messages.slice(lastAnswerOfScript(messages, isOwnCall) + 1).filter((message) => message.role !== 'assistant');
  const newText = fresh.flatMap((message) => textsOf(message.content)).join('\n');
  const userText = fresh.filter((message) => message.role === 'user').flatMap((message) => textsOf(message.content));
  return {
    kind: kindOf(body, messages),
    conversationId,
    newText,
    prompt: userText.map(withoutReminders).filter(Boolean).join('\n'),
    toolResults: toolResults(fresh, messages).filter((result) => !isOwnCall(result.toolUseId)),
    tools: objectsIn(body.tools).map((tool) => stringOr(tool.name)),
    deferredTools: deferredTools(messages),
    messages,
    body,
  };
}

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

function lastAnswerOfScript(messages: readonly JsonObject[], isOwnCall: (id: string) => boolean): number {
  return messages.findLastIndex((message) => {
    if (message.role !== 'assistant') return false;
    const calls = objectsIn(message.content).filter((block) => block.type === 'tool_use');
    return calls.length === 0 || !calls.every((call) => isOwnCall(stringOr(call.id)));
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

function toolResults(fresh: readonly JsonObject[], messages: readonly JsonObject[]): ToolResult[] {
  const names = new Map<string, string>();
  for (const block of messages.flatMap((message) => objectsIn(message.content))) {
    if (block.type === 'tool_use') names.set(stringOr(block.id), stringOr(block.name));
  }
  return fresh
    .flatMap((message) => objectsIn(message.content))
    .filter((block) => block.type === 'tool_result')
    .map((block) => {
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

function kindOf(body: JsonObject, messages: readonly JsonObject[]): TurnKind {
  const text = JSON.stringify(messages.at(-1)?.content ?? '');
  const schema = isJsonObject(body.output_config) ? JSON.stringify(body.output_config.format ?? '') : '';
  if (objectsIn(body.tools).length > 0) return 'main';
  return /[Ww]rite the title|session title/.test(text) || schema.includes('"title"') ? 'title' : 'auxiliary';
}
