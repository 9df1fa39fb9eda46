import assert from 'node:assert/strict';
import { request as httpRequest } from 'node:http';
import { type TestContext, test } from 'node:test';
import { z } from 'zod';
import {
  inOrder,
  type ModelApi,
  type ModelSession,
  startModelApi,
  when,
  whenToolResult,
} from '../../../src/testing/index.ts';

async function startApi(t: TestContext): Promise<ModelApi> {
  const api = await startModelApi();
  t.after(() => api.close());
  return api;
}

/** Asks as a host does. `messages` may be one prompt. */
function ask(model: ModelSession, messages: string | object[], more: object = {}): Promise<Response> {
  const body = {
    model: 'some-model',
    tools: [{ name: 'Bash' }],
    messages: typeof messages === 'string' ? [{ role: 'user', content: messages }] : messages,
    ...more,
  };
  return fetch(`${model.baseUrl}/v1/messages?beta=true`, { method: 'POST', body: JSON.stringify(body) });
}

/** What these tests read of a message and of an event. */
const message = z.object({
  content: z.array(
    z
      .object({ type: z.string(), text: z.string(), name: z.string(), id: z.string(), input: z.unknown() })
      .partial(),
  ),
});
const event = z.looseObject({
  type: z.string(),
  content_block: z.object({ type: z.string() }).optional(),
  delta: z.looseObject({ type: z.string(), partial_json: z.string() }).partial().optional(),
});

async function contentOf(response: Response) {
  return message.parse(await response.json()).content;
}

async function textOf(response: Response): Promise<string | undefined> {
  return (await contentOf(response))[0]?.text;
}

function eventsOf(stream: string) {
  return [...stream.matchAll(/^data: (.*)$/gm)].map((match) => event.parse(JSON.parse(match[1] ?? '')));
}

test('a model without rules echoes the prompt and reports tokens', async (t) => {
  const api = await startApi(t);
  const message = await (await ask(api.session('a'), 'hello')).json();
  assert.partialDeepStrictEqual(message, {
    role: 'assistant',
    content: [{ type: 'text', text: 'ECHO[hello]' }],
    stop_reason: 'end_turn',
  });
  assert.ok(JSON.stringify(message).includes('"input_tokens":'));
});

test('a streamed answer carries thinking, text and calls as events', async (t) => {
  const api = await startApi(t);
  const reply = {
    thinking: 'hm',
    text: 'I look',
    calls: [{ tool: 'Bash', input: { command: 'ls' } }],
    usage: { outputTokens: 7 },
  };
  const model = api.session('a', when(/look/, reply));
  const stream = await (await ask(model, 'look', { stream: true })).text();
  const events = eventsOf(stream);
  const starts = events.map(({ type, content_block: block }) => block?.type ?? type);
  assert.deepEqual(
    starts.filter((type) => !/delta|stop/.test(type)),
    ['message_start', 'thinking', 'text', 'tool_use'],
  );
  assert.partialDeepStrictEqual(events.at(-2), {
    delta: { stop_reason: 'tool_use' },
    usage: { output_tokens: 7 },
  });
  const input = events.find(({ delta }) => delta?.type === 'input_json_delta');
  assert.equal(input?.delta?.partial_json, '{"command":"ls"}');
});

test('two sessions on one API have their own rules and their own requests', async (t) => {
  const api = await startApi(t);
  const [app, lib] = [api.session('app', when(/./, 'app')), api.session('lib', when(/./, 'lib'))];
  assert.equal(await textOf(await ask(app, 'who?')), 'app');
  assert.equal(await textOf(await ask(lib, 'who?')), 'lib');
  assert.deepEqual([app.requests.length, lib.requests.length], [1, 1]);
  assert.equal(api.session('app'), app);
});

test('rules are asked in order; replies in order end and pass on', async (t) => {
  const api = await startApi(t);
  const model = api.session(
    'a',
    when(/first (\w+)/, (_turn, match) => `got ${match[1]}`),
    inOrder('one', 'two'),
  );
  const texts = [];
  for (const prompt of ['x', 'first hit', 'y', 'z']) texts.push(await textOf(await ask(model, prompt)));
  assert.deepEqual(texts, ['one', 'got hit', 'two', 'ECHO[z]']);
});

test('a rule for tool results sees the result and its tool', async (t) => {
  const api = await startApi(t);
  const model = api.session(
    'a',
    whenToolResult(/^Ba/, (_turn, match) => `it said ${match[0]}`, /4\d/),
  );
  const messages = [
    { role: 'user', content: 'go' },
    { role: 'assistant', content: [{ type: 'tool_use', id: '1', name: 'Bash', input: {} }] },
    { role: 'user', content: [{ type: 'tool_result', tool_use_id: '1', content: 'hi 42' }] },
  ];
  assert.equal(await textOf(await ask(model, messages)), 'it said 42');
});

test('a call of a deferred tool is preceded by a search for it', async (t) => {
  const api = await startApi(t);
  const model = api.session('a', when(/go/, { tool: 'mcp__p__ask', input: { to: 'lib' } }));
  const announced = {
    role: 'system',
    content: 'deferred tools are now available via ToolSearch:\nmcp__p__ask\n',
  };
  const messages: object[] = [{ role: 'user', content: 'go' }, announced];
  const tools = [{ name: 'ToolSearch' }];
  const [search] = await contentOf(await ask(model, messages, { tools }));
  assert.partialDeepStrictEqual(search, {
    name: 'ToolSearch',
    input: { query: 'select:mcp__p__ask' },
  });
  const found = {
    role: 'user',
    content: [{ type: 'tool_result', tool_use_id: search?.id, content: 'ok' }],
  };
  messages.push({ role: 'assistant', content: [search] }, found);
  const call = await contentOf(await ask(model, messages, { tools: [...tools, { name: 'mcp__p__ask' }] }));
  assert.partialDeepStrictEqual(call, [{ name: 'mcp__p__ask', input: { to: 'lib' } }]);
});

test('a call of a tool that is not offered yet waits for the request that offers it', async (t) => {
  const api = await startApi(t);
  const model = api.session('a', when(/go/, { tool: 'mcp__p__ask', input: { to: 'lib' } }));
  const messages: object[] = [{ role: 'user', content: 'go' }];
  const own = [{ name: 'Bash' }, { name: 'TaskList' }];
  for (let step = 0; step < 2; step += 1) {
    const [idle] = await contentOf(await ask(model, messages, { tools: own }));
    assert.equal(idle?.name, 'TaskList');
    const result = { type: 'tool_result', tool_use_id: idle?.id, content: 'none' };
    messages.push({ role: 'assistant', content: [idle] }, { role: 'user', content: [result] });
  }
  const call = await contentOf(await ask(model, messages, { tools: [...own, { name: 'mcp__p__ask' }] }));
  assert.partialDeepStrictEqual(call, [{ name: 'mcp__p__ask', input: { to: 'lib' } }]);
});

test('errors have the shape of the API', async (t) => {
  const api = await startApi(t);
  const model = api.session(
    'a',
    inOrder({ error: 529 }, { error: { status: 429, message: 'slow down', retryAfterSeconds: 3 } }),
  );
  const overloaded = await ask(model, 'x');
  assert.equal(overloaded.status, 529);
  assert.partialDeepStrictEqual(await overloaded.json(), {
    type: 'error',
    error: { type: 'overloaded_error' },
  });
  const limited = await ask(model, 'x');
  assert.deepEqual([limited.status, limited.headers.get('retry-after')], [429, '3']);
  assert.partialDeepStrictEqual(await limited.json(), {
    error: { type: 'rate_limit_error', message: 'slow down' },
  });
});

test('an answer can be malformed, cut in the middle, or never come', async (t) => {
  const api = await startApi(t);
  const model = api.session('a', inOrder({ error: 'malformed' }, { error: 'cut' }, { error: 'hang' }));
  await assert.rejects((await ask(model, 'x')).json());
  const cut = await ask(model, 'x', { stream: true });
  await assert.rejects(cut.text());
  const hanging = ask(model, 'never');
  const seen = await model.waitForRequest('never');
  assert.equal(seen.outcome, 'open');
  const unanswered = assert.rejects(hanging);
  await api.close();
  await unanswered;
  assert.equal(seen.outcome, 'aborted');
});

test('an answer is held back for its delay', async (t) => {
  const api = await startApi(t);
  const model = api.session('a', when(/./, { text: 'late', delayMs: 60 }));
  const startedAt = performance.now();
  await (await ask(model, 'x')).text();
  assert.ok(performance.now() - startedAt >= 55);
});

test('a wait for a request finds one that came before, one that comes later, and the time of its arrival', async (t) => {
  const api = await startApi(t);
  const model = api.session('a');
  await (await ask(model, 'early bird')).text();
  assert.equal((await model.waitForRequest('early')).index, 0);
  const later = model.waitForRequest(/bird/, { from: 1 });
  const before = performance.now();
  await (await ask(model, 'late bird')).text();
  const request = await later;
  assert.ok(request.atMs >= before && request.atMs <= performance.now());
  assert.ok(Math.abs(request.epochMs - Date.now()) < 5_000);
});

test('a wait for a request that never comes shows what came instead', async (t) => {
  const api = await startApi(t);
  const model = api.session('a');
  await (await ask(model, 'something else')).text();
  await assert.rejects(
    model.waitForRequest('this', { timeoutMs: 20 }),
    /session 'a' with this[\s\S]*something else/,
  );
});

test('closing the API ends the waits for requests', async (t) => {
  const api = await startApi(t);
  const ended = assert.rejects(api.session('a').waitForRequest('x'), /was closed/);
  await api.close();
  await ended;
});

test('a rule that throws fails the request, and the close of the API', async () => {
  const api = await startModelApi();
  const model = api.session('a', () => assert.fail('an unexpected turn'));
  assert.equal((await ask(model, 'x')).status, 400);
  await assert.rejects(api.close(), /an unexpected turn/);
});

test('side calls get a title and do not reach the rules', async (t) => {
  const api = await startApi(t);
  const model = api.session('a', () => assert.fail('a rule was asked'));
  const response = await ask(model, 'Write the title', { tools: [] });
  assert.match(String(await textOf(response)), /"title"/);
  assert.deepEqual([model.requests.length, model.turns.length], [1, 0]);
});

test('the API counts tokens, answers HEAD, and notes what it does not serve', async (t) => {
  const api = await startApi(t);
  const { baseUrl } = api.session('a');
  assert.equal((await fetch(baseUrl, { method: 'HEAD' })).status, 200);
  const counted = await fetch(`${baseUrl}/v1/messages/count_tokens?beta=true`, {
    method: 'POST',
    body: '{"messages":[]}',
  });
  assert.partialDeepStrictEqual(await counted.json(), { input_tokens: 4 });
  assert.equal((await fetch(`${api.url}/s/nobody/v1/messages`, { method: 'POST', body: '{}' })).status, 404);
  assert.deepEqual(api.strays, ['POST /s/nobody/v1/messages']);
});

test('as a proxy the API refuses every host and notes it', async (t) => {
  const api = await startApi(t);
  const status = await new Promise((resolve, reject) => {
    const request = httpRequest(api.url, { method: 'CONNECT', path: 'example.com:443' });
    request.once('connect', (response, socket) => {
      socket.destroy();
      resolve(response.statusCode);
    });
    request.once('error', reject);
    request.end();
  });
  assert.equal(status, 403);
  assert.deepEqual(api.refusedHosts, ['example.com:443']);
});
