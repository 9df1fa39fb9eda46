import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readTurn } from '../../../src/testing/model-turn.ts';

const user = (...texts: string[]) => ({
  role: 'user',
  content: texts.map((text) => ({ type: 'text', text })),
});
const system = (text: string) => ({ role: 'system', content: text });
const assistant = (text: string) => ({ role: 'assistant', content: [{ type: 'text', text }] });
const call = (id: string, name: string) => ({
  role: 'assistant',
  content: [{ type: 'tool_use', id, name, input: {} }],
});
const result = (id: string, text: string) => ({
  role: 'user',
  content: [{ type: 'tool_result', tool_use_id: id, content: [{ type: 'text', text }] }],
});
const tools = [{ name: 'Bash' }, { name: 'ToolSearch' }];

test('the new text is everything after the last answer, system messages in the middle included', () => {
  const messages = [user('first'), assistant('yes'), user('second'), system('a note of a hook')];
  const { turn } = readTurn({ tools, messages });
  assert.equal(turn.newText, 'second\na note of a hook');
  assert.equal(turn.prompt, 'second');
  assert.equal(turn.kind, 'main');
});

test('the prompt leaves out reminders of the host', () => {
  const messages = [user('<system-reminder>\nbe brief\n</system-reminder>\n', 'hello')];
  const { turn } = readTurn({ tools, messages });
  assert.equal(turn.prompt, 'hello');
  assert.match(turn.newText, /be brief/);
});

test('a tool result names its tool and says whether it is an error', () => {
  const failed = {
    role: 'user',
    content: [{ type: 'tool_result', tool_use_id: 'b', content: 'no', is_error: true }],
  };
  const messages = [user('go'), call('a', 'Bash'), result('a', 'done'), call('b', 'Read'), failed];
  const { turn } = readTurn({ tools, messages });
  assert.deepEqual(turn.toolResults, [{ toolUseId: 'b', tool: 'Read', text: 'no', isError: true }]);
});

test('a prompt whose answer failed is not new again when the next one comes, wherever reminders stand', () => {
  const before = readTurn({ tools, messages: [user('one'), system('a reminder')] });
  const body = { tools, messages: [user('one\n', 'two'), system('a reminder')] };
  assert.equal(readTurn(body, { seen: before.seen }).turn.newText, 'two');
});

test('a retry of the same request is the same turn again', () => {
  const first = readTurn({ tools, messages: [user('one')] });
  const second = readTurn({ tools, messages: [user('one', 'two')] }, { seen: first.seen });
  const retry = readTurn({ tools, messages: [user('one', 'two')] }, { seen: second.seen });
  assert.equal(retry.turn.newText, 'two');
});

test('the same prompt after an answer is new', () => {
  const first = readTurn({ tools, messages: [user('again')] });
  const body = { tools, messages: [user('again'), assistant('yes'), user('again'), system('a reminder')] };
  assert.equal(readTurn(body, { seen: first.seen }).turn.newText, 'again\na reminder');
});

test('what was interrupted is not new', () => {
  const { turn } = readTurn({
    tools,
    messages: [user('slow\n', '[Request interrupted by user]\n', 'quick')],
  });
  assert.equal(turn.newText, 'quick');
});

test('what came with the result of a search of the bench stays new until a rule has answered', () => {
  const search = call('toolu_step_1', 'ToolSearch');
  const messages = [
    user('go'),
    search,
    result('toolu_step_1', 'ok'),
    user('Tool loaded.', 'mail'),
    call('held', 'X'),
    result('held', 'x'),
  ];
  const before = readTurn({ tools, messages: messages.slice(0, 1) });
  const isBridge = (id: string): boolean => id === 'toolu_step_1' || id === 'held';
  const { turn } = readTurn({ tools, messages }, { isBridge, seen: before.seen });
  assert.equal(turn.newText, 'mail');
  assert.deepEqual(
    turn.toolResults.map(({ tool, text }) => [tool, text]),
    [['X', 'x']],
  );
});

test('deferred tools are read from the announcement of the host', () => {
  const text =
    '# Environment\n\nThe following deferred tools are now available via ToolSearch. Load them:\nmcp__p__ask\nWebFetch\n\nOther text';
  const { turn } = readTurn({ tools, messages: [user('hi'), system(text)] });
  assert.deepEqual(turn.deferredTools, ['mcp__p__ask', 'WebFetch']);
});

test('side calls and subagents are told from the conversation', () => {
  const title = { messages: [user('<session>hi</session>\nWrite the title')] };
  assert.equal(readTurn(title).turn.kind, 'title');
  assert.equal(readTurn({ messages: [user('count')] }).turn.kind, 'auxiliary');
  assert.equal(readTurn({ tools, messages: [user('go')] }, { agentId: 'a1' }).turn.kind, 'subagent');
});
