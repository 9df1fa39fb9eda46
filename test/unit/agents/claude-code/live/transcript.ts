import { appendFileSync, mkdirSync } from 'node:fs';
import { dirname } from 'node:path';

type Json = Readonly<Record<string, unknown>>;

/** The record of a conversation as both measured versions of Claude Code write it, one JSON object a line. */
export interface Transcript {
  readonly path: string;
  /** The record that the next one follows. A test sets it to make a branch. */
  tip: string | null;
  /** Appends a record of the main chain after `tip`, and makes it the new one. Returns its id. */
  readonly add: (record: Json) => string;
  /** Appends a record that nothing follows. */
  readonly leaf: (record: Json) => string;
  /** Appends a line that is no part of the chain. */
  readonly line: (text: string) => void;
  readonly prompt: (text: string) => string;
  /** What the model says; parallel calls are several records of one API message. */
  readonly assistant: (text: string, apiMessage?: string) => string;
  readonly call: (toolUse: string, apiMessage?: string) => string;
  readonly toolResult: (toolUse: string, text: string) => string;
  readonly hookContext: (event: string, text: string) => string;
  readonly hookSuccess: (event: string, stdout: string) => string;
  /** A message that came by the inbox socket while the session was idle. */
  readonly peerMessage: (text: string) => string;
  /** What was queued while the session was busy, as it is taken up. */
  readonly queuedCommand: (text: string) => string;
  readonly enqueue: (text: string) => void;
  /** What the host says in the model's place: no model was reached. */
  readonly apiError: () => string;
}

const PREAMBLE = 'Another Claude session sent a message:';
const POSTAMBLE = 'This came from another Claude session — not typed by your user.';

/** Starts a record of a conversation at `path`; nothing is written before the first line. */
export function transcriptAt(path: string): Transcript {
  mkdirSync(dirname(path), { recursive: true });
  let count = 0;
  const line = (text: string): void => appendFileSync(path, `${text}\n`);
  const write = (record: Json): string => {
    count += 1;
    const uuid = `uuid-${count}`;
    const common = {
      parentUuid: transcript.tip,
      isSidechain: false,
      uuid,
      sessionId: 'c',
      version: '2.1.329',
    };
    line(JSON.stringify({ ...common, ...record }));
    return uuid;
  };
  const assistant = (content: Json, id: string): Json => ({
    type: 'assistant',
    message: { id, type: 'message', role: 'assistant', model: 'claude-test', content: [content] },
  });
  const attachment = (content: Json): Json => ({ type: 'attachment', attachment: content });
  const add = (record: Json): string => {
    transcript.tip = write(record);
    return transcript.tip;
  };
  const transcript: Transcript = {
    path,
    tip: null,
    add,
    leaf: write,
    line,
    prompt: (text) => add({ type: 'user', message: { role: 'user', content: text } }),
    assistant: (text, id = `msg_${count}`) => add(assistant({ type: 'text', text }, id)),
    call: (toolUse, id = `msg_${count}`) =>
      add(assistant({ type: 'tool_use', id: toolUse, name: 'Bash', input: {} }, id)),
    toolResult: (toolUse, text) => {
      const content = [{ type: 'tool_result', tool_use_id: toolUse, content: [{ type: 'text', text }] }];
      return add({
        type: 'user',
        message: { role: 'user', content },
        toolUseResult: [{ type: 'text', text }],
      });
    },
    hookContext: (hookEvent, text) =>
      add(attachment({ type: 'hook_additional_context', content: [text], hookName: hookEvent, hookEvent })),
    hookSuccess: (hookEvent, stdout) =>
      add(
        attachment({
          type: 'hook_success',
          content: '',
          stdout,
          stderr: '',
          exitCode: 0,
          hookName: hookEvent,
        }),
      ),
    peerMessage: (text) => {
      const content = `${PREAMBLE}\n${text}\n\n${POSTAMBLE}`;
      return add({ type: 'user', isMeta: true, message: { role: 'user', content }, promptSource: 'system' });
    },
    queuedCommand: (text) => add(attachment({ type: 'queued_command', prompt: text, commandMode: 'prompt' })),
    enqueue: (content) => line(JSON.stringify({ type: 'queue-operation', operation: 'enqueue', content })),
    apiError: () =>
      add({
        type: 'assistant',
        isApiErrorMessage: true,
        message: {
          id: `synthetic-${count}`,
          role: 'assistant',
          model: '<synthetic>',
          content: [{ type: 'text', text: 'API Error: 400' }],
        },
      }),
  };
  return transcript;
}
