import type { ServerResponse } from 'node:http';
import type { ModelAnswer, ModelFailure, ToolCall } from './model-reply.ts';

type Block =
  | { type: 'text'; text: string }
  | { type: 'thinking'; thinking: string; signature: string }
  | { type: 'tool_use'; id: string; name: string; input: Readonly<Record<string, unknown>> };

/** What the answer is written for. `calls` carry their ids. */
export interface WireAnswer {
  readonly messageId: string;
  readonly model: string;
  readonly stream: boolean;
  /** For the estimate of the input tokens. */
  readonly requestLength: number;
  readonly answer: ModelAnswer;
  readonly calls: readonly Required<ToolCall>[];
}

/** Writes one answer in the form of the Messages API: server-sent events, or one JSON message. */
export async function writeAnswer(response: ServerResponse, wire: WireAnswer): Promise<void> {
  const { answer } = wire;
  if (answer.delayMs !== undefined) await pauseWhileOpen(response, answer.delayMs);
  if (response.destroyed) return;
  if (answer.error !== undefined) return writeFailure(response, answer.error, wire);
  if (wire.stream) return writeEvents(response, eventsOf(wire), answer.chunkDelayMs);
  writeJson(response, 200, messageOf(wire));
}

/** Writes one JSON body. */
export function writeJson(response: ServerResponse, status: number, body: unknown): void {
  response
    .writeHead(status, { 'content-type': 'application/json', 'request-id': 'req_bench' })
    .end(JSON.stringify(body));
}

/** Writes an error in the API's shape. */
export function writeError(response: ServerResponse, failure: Exclude<ModelFailure, number | string>): void {
  const {
    status,
    type = ERROR_TYPES[status] ?? 'api_error',
    message = `scripted error ${status}`,
    retryAfterSeconds,
    headers = {},
  } = failure;
  for (const [name, value] of Object.entries(headers)) response.setHeader(name, value);
  if (retryAfterSeconds !== undefined) response.setHeader('retry-after', String(retryAfterSeconds));
  writeJson(response, status, { type: 'error', error: { type, message }, request_id: 'req_bench' });
}

const ERROR_TYPES: Readonly<Record<number, string>> = {
  400: 'invalid_request_error',
  401: 'authentication_error',
  403: 'permission_error',
  404: 'not_found_error',
  413: 'request_too_large',
  429: 'rate_limit_error',
  500: 'api_error',
  529: 'overloaded_error',
};

async function writeFailure(
  response: ServerResponse,
  failure: ModelFailure,
  wire: WireAnswer,
): Promise<void> {
  if (typeof failure === 'number') return writeError(response, { status: failure });
  if (typeof failure === 'object') return writeError(response, failure);
  switch (failure) {
    case 'malformed':
      response.writeHead(200, { 'content-type': wire.stream ? 'text/event-stream' : 'application/json' });
      response.end(
        wire.stream ? 'event: message_start\ndata: {"type":"message_start","mess\n\n' : '{"id": "msg',
      );
      return;
    case 'cut': {
      const [start, ...rest] = eventsOf({ ...wire, answer: { text: 'cut off', ...wire.answer } });
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      for (const event of [start, ...rest.slice(0, 2)]) response.write(encodeEvent(event));
      // The pieces must leave before the socket goes, else the client sees a connection that was never answered.
      await new Promise((resolve) => response.write(': \n\n', resolve));
      response.destroy();
      return;
    }
    case 'hang':
      await new Promise((resolve) => response.once('close', resolve));
  }
}

async function writeEvents(
  response: ServerResponse,
  events: readonly object[],
  chunkDelayMs?: number,
): Promise<void> {
  response.writeHead(200, {
    'content-type': 'text/event-stream',
    'cache-control': 'no-cache',
    'request-id': 'req_bench',
  });
  for (const event of events) {
    if (response.destroyed) return;
    response.write(encodeEvent(event));
    if (chunkDelayMs !== undefined) await pauseWhileOpen(response, chunkDelayMs);
  }
  response.end();
}

function encodeEvent(event: object | undefined): string {
  const type = event !== undefined && 'type' in event ? String(event.type) : 'ping';
  return `event: ${type}\ndata: ${JSON.stringify(event)}\n\n`;
}

function eventsOf(wire: WireAnswer): object[] {
  const message = messageOf(wire);
  const pieces = message.content.flatMap((block, index) => [
    { type: 'content_block_start', index, content_block: emptyBlock(block) },
    ...deltasOf(block).map((delta) => ({ type: 'content_block_delta', index, delta })),
    { type: 'content_block_stop', index },
  ]);
  return [
    {
      type: 'message_start',
      message: { ...message, content: [], stop_reason: null, usage: { ...message.usage, output_tokens: 1 } },
    },
    ...pieces,
    {
      type: 'message_delta',
      delta: { stop_reason: message.stop_reason, stop_sequence: null },
      usage: message.usage,
    },
    { type: 'message_stop' },
  ];
}

function emptyBlock(block: Block): object {
  if (block.type === 'text') return { type: 'text', text: '' };
  if (block.type === 'thinking') return { type: 'thinking', thinking: '', signature: '' };
  return { ...block, input: {} };
}

function deltasOf(block: Block): object[] {
  if (block.type === 'text') return piecesOf(block.text).map((text) => ({ type: 'text_delta', text }));
  if (block.type === 'tool_use')
    return [{ type: 'input_json_delta', partial_json: JSON.stringify(block.input) }];
  return [
    { type: 'thinking_delta', thinking: block.thinking },
    { type: 'signature_delta', signature: block.signature },
  ];
}

/** Two pieces show that a client joins them; more would only cost time. */
function piecesOf(text: string): string[] {
  const middle = Math.ceil(text.length / 2);
  return [text.slice(0, middle), text.slice(middle)].filter(Boolean);
}

function messageOf(wire: WireAnswer) {
  const { answer, calls } = wire;
  const content: Block[] = [];
  if (answer.thinking) content.push({ type: 'thinking', thinking: answer.thinking, signature: 'bench' });
  if (answer.text) content.push({ type: 'text', text: answer.text });
  for (const call of calls)
    content.push({ type: 'tool_use', id: call.id, name: call.tool, input: call.input });
  const usage = answer.usage ?? {};
  return {
    id: wire.messageId,
    type: 'message',
    role: 'assistant',
    model: wire.model,
    content,
    stop_reason: answer.stopReason ?? (calls.length > 0 ? 'tool_use' : 'end_turn'),
    stop_sequence: null,
    usage: {
      input_tokens: usage.inputTokens ?? Math.ceil(wire.requestLength / 4),
      output_tokens: usage.outputTokens ?? Math.ceil(JSON.stringify(content).length / 4),
      cache_read_input_tokens: usage.cacheReadTokens ?? 0,
      cache_creation_input_tokens: usage.cacheCreationTokens ?? 0,
    },
  };
}

async function pauseWhileOpen(response: ServerResponse, ms: number): Promise<void> {
  await new Promise<void>((resolve) => {
    const timer = setTimeout(done, ms);
    function done(): void {
      clearTimeout(timer);
      response.off('close', done);
      resolve();
    }
    response.once('close', done);
  });
}
