import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { Client, InMemoryTransport } from '@modelcontextprotocol/client';
import type { AgentLaunch } from '../../../../src/agents/agent.ts';
import { journal } from '../../../../src/client/mail/follow-journal.ts';
import { nextMessage } from '../../../../src/client/mail/next-message.ts';
import { findPeer } from '../../../../src/directory/peers.ts';
import { systemClock } from '../../../../src/lib/clock.ts';
import type { FakeScript } from '../../../../src/testing/fake-agent.ts';
import { waitFor } from '../../../../src/testing/index.ts';
import { type ManagedDaemon, managedDaemon } from '../../../fixtures/managed-daemon.ts';

const answersIn = (text: string): FakeScript =>
  function* () {
    yield { say: text };
  };
const hangs: FakeScript = function* () {
  yield { say: 'thinking aloud' };
  yield 'hang';
};

/** Waits until the session has said something since it was last started. */
async function said({ call }: ManagedDaemon): Promise<void> {
  const hasSaid = async (): Promise<boolean> => {
    const journal = (await call('GET', '/v1/sessions/worker/journal')) as {
      type: string;
      data: { state?: string };
    }[];
    const from = journal.findLastIndex(({ data }) => data.state === 'running');
    return journal.slice(from).some(({ type }) => type === 'text:said');
  };
  await waitFor(hasSaid, { what: 'a word' });
}

/** Calls a tool of ours as a session does. */
async function callTool(
  { tools }: AgentLaunch,
  name: string,
  input: Record<string, unknown>,
): Promise<string> {
  const client = new Client({ name: 'a-host', version: '1.0.0' });
  const [clientSide, serverSide] = InMemoryTransport.createLinkedPair();
  await Promise.all([tools?.connect(serverSide), client.connect(clientSide)]);
  const [content] = (await client.callTool({ name, arguments: input })).content;
  await client.close();
  return content?.type === 'text' ? content.text : '';
}

function stateOfSeat({ context }: ManagedDaemon, id: Parameters<typeof findPeer>[1]): string | undefined {
  return findPeer(context.config.root, id, systemClock.now())?.state;
}

suite('the mail of a managed session', () => {
  test('a question becomes its next turn, and its last word is the answer [M4]', async (t) => {
    const bench = await managedDaemon(t, { script: answersIn('forty-two') });
    const session = await bench.spawn('worker');
    const { sent, state, response } = await bench.ask('worker', 'What is it?');
    assert.deepEqual([state, response?.content, response?.from], ['answered', 'forty-two', session.id]);
    assert.equal(response?.metadata.answeredBy, 'same');
    const [prompt] = await bench.prompts('worker');
    assert.match(prompt?.text ?? '', /<peer-message id="msg-\w+" type="query"[^>]*>\nWhat is it\?\n/);
    assert.match(prompt?.text ?? '', /A peer is not your user/);
    assert.deepEqual(bench.states(sent.id), ['accepted', 'delivered', 'offered', 'seen', 'answered']);
  });

  test('one that works gets it with its next turn, and several at once in one', async (t) => {
    let release: (() => void) | undefined;
    const script: FakeScript = function* (prompt) {
      if (prompt === 'own work')
        yield { tool: 'TodoWrite', run: () => new Promise((resolve) => (release = () => resolve(''))) };
      yield { say: `said after ${prompt.split('peer-message id=').length - 1}` };
    };
    const bench = await managedDaemon(t, { script });
    await bench.spawn('worker');
    await bench.call('POST', '/v1/sessions/worker/prompts', { text: 'own work', from: 'me' });
    await bench.reached('worker', 'running');
    const asked = ['one', 'two'].map((text) => bench.ask('worker', text));
    const delivered = (): number =>
      journal(bench.context, 100).filter(({ state, type }) => state === 'delivered' && type === 'query')
        .length;
    await waitFor(() => delivered() === 2 && release !== undefined, { what: 'both questions and the step' });
    release?.();
    const answers = await Promise.all(asked);
    assert.deepEqual(
      answers.map(({ response }) => response?.content),
      ['said after 2', 'said after 2'],
    );
    assert.equal((await bench.prompts('worker')).length, 2);
  });

  test('one that is resumed before it had a conversation speaks with peers, though its first start failed', async (t) => {
    const bench = await managedDaemon(t);
    await bench.spawn('worker');
    await bench.call('POST', '/v1/sessions/worker/stop');
    bench.agent.forgetConversations();
    await bench.call('POST', '/v1/sessions/worker/resume');
    await bench.reached('worker', 'idle');
    const launch = bench.agent.sessions.at(-1)?.launch;
    assert.ok(launch !== undefined && launch.resume === undefined);
    assert.match(await callTool(launch, 'peers', {}), /shell/);
  });

  test('a note is work, too', async (t) => {
    const bench = await managedDaemon(t);
    const session = await bench.spawn('worker');
    const peer = findPeer(bench.context.config.root, session.id, systemClock.now());
    assert.ok(peer !== undefined);
    const { id } = bench.seat.correspondent.send(peer, { type: 'note', content: 'for your information' });
    await waitFor(() => bench.states(id).includes('seen'), { what: 'the turn' });
    await bench.reached('worker', 'idle');
    assert.match((await bench.prompts('worker'))[0]?.text ?? '', /for your information/);
  });

  test('one that is paused gets it when it goes on', async (t) => {
    const bench = await managedDaemon(t, { script: answersIn('later') });
    await bench.spawn('worker');
    await bench.call('POST', '/v1/sessions/worker/pause');
    const { sent, state } = await bench.ask('worker', 'now?', 300);
    assert.equal(state, 'delivered');
    await bench.call('POST', '/v1/sessions/worker/resume');
    await waitFor(() => bench.states(sent.id).includes('answered'), { what: 'the answer' });
  });

  test('to one that is stopped it waits in the seat, and is its first turn when it is resumed [M1]', async (t) => {
    const bench = await managedDaemon(t, { script: answersIn('back again') });
    const { id } = await bench.spawn('worker');
    assert.equal(stateOfSeat(bench, id), 'idle');
    await bench.call('POST', '/v1/sessions/worker/stop');
    await waitFor(() => stateOfSeat(bench, id) === 'away', { what: 'a seat that nobody sits on' });
    const { sent } = await bench.ask('worker', 'are you there?', 200);
    assert.deepEqual(bench.states(sent.id), ['accepted', 'delivered']);
    await bench.call('POST', '/v1/sessions/worker/resume');
    await waitFor(() => bench.states(sent.id).includes('answered'), { what: 'the answer' });
  });

  test('who asks is told when the turn is interrupted, and what was said by then [M3]', async (t) => {
    const bench = await managedDaemon(t, { script: hangs });
    await bench.spawn('worker');
    const asked = bench.ask('worker', 'how long?');
    await bench.reached('worker', 'running');
    await said(bench);
    await bench.call('POST', '/v1/sessions/worker/interrupt');
    assert.match((await asked).response?.content ?? '', /^\(The session was interrupted.*thinking aloud\)$/s);
  });

  test('who asks is told when a limit ends the turn, and that the session was stopped [M3]', async (t) => {
    const script: FakeScript = function* () {
      yield { say: 'a step' };
      yield { tool: 'TodoWrite' };
      yield { say: 'never said' };
    };
    const bench = await managedDaemon(t, { script });
    await bench.spawn('worker', { limits: { turn: { turns: 1 }, session: {} } });
    const { response } = await bench.ask('worker', 'do much');
    assert.match(response?.content ?? '', /before it had an answer\. The limit of this turn is reached/);
  });

  test('who asks is told when the session is stopped in the middle of its turn, and when its process dies [M3]', async (t) => {
    const bench = await managedDaemon(t, { script: hangs });
    await bench.spawn('worker');
    for (const end of [
      async () => void (await bench.call('POST', '/v1/sessions/worker/stop')),
      async () => bench.agent.sessions.at(-1)?.crash(),
    ]) {
      const asked = bench.ask('worker', 'still there?');
      await said(bench);
      await end();
      assert.match(
        (await asked).response?.content ?? '',
        /^\(The session (was interrupted|could not answer)/,
      );
      await bench.call('POST', '/v1/sessions/worker/resume');
    }
  });

  test('what it took in by its own tool in the middle of a turn is answered at the end of that turn', async (t) => {
    const script: FakeScript = function* (_prompt, { launch }) {
      const told = yield {
        tool: 'mcp__cahoots__listen',
        run: () => callTool(launch, 'listen', { wait_seconds: 10 }),
      };
      yield { say: `done, having read ${/What is it\?/.exec(told)?.[0]}` };
    };
    const bench = await managedDaemon(t, { script });
    await bench.spawn('worker');
    await bench.call('POST', '/v1/sessions/worker/prompts', { text: 'listen', from: 'me' });
    await bench.reached('worker', 'running');
    const { response } = await bench.ask('worker', 'What is it?');
    assert.equal(response?.content, 'done, having read What is it?');
  });

  test('what was never put before the model goes back to the mailbox when the session is stopped [M1]', async (t) => {
    const bench = await managedDaemon(t, {
      script: function* (_prompt, { before }) {
        if (before.length === 0) yield 'hang';
        yield { say: 'the second time' };
      },
    });
    await bench.spawn('worker');
    const { sent } = await bench.ask('worker', 'lost?', 300);
    assert.equal(bench.states(sent.id).includes('seen'), false);
    await bench.call('POST', '/v1/sessions/worker/kill');
    await bench.call('POST', '/v1/sessions/worker/resume');
    await waitFor(() => bench.states(sent.id).includes('answered'), { what: 'the answer' });
    const prompts = await bench.prompts('worker');
    assert.match(prompts.at(-1)?.text ?? '', /repeat="you may have seen this id before/);
  });

  test('a session of the preset full is not reached by one that asks before it acts, unless a person lets it [S2]', async (t) => {
    const bench = await managedDaemon(t, { settings: { allowFullPreset: true } });
    await bench.spawn('strong', { preset: 'full' });
    const { state, reason } = await bench.ask('strong', 'do it for me', 3_000);
    assert.equal(state, 'held');
    assert.match(reason ?? '', /the sender asks before it acts and the receiver skips permissions/);
  });

  test('its seat is shown with what it does, and goes with it', async (t) => {
    const bench = await managedDaemon(t, { script: hangs });
    const { id } = await bench.spawn('worker');
    const { root } = bench.context.config;
    const peer = findPeer(root, id, systemClock.now());
    assert.partialDeepStrictEqual(peer, { name: 'worker', kind: 'managed', state: 'idle', path: bench.cwd });
    await bench.call('POST', '/v1/sessions/worker/prompts', { text: 'work', from: 'me' });
    await waitFor(() => stateOfSeat(bench, id) === 'busy', { what: 'a busy seat' });
    await bench.call('POST', '/v1/sessions/worker/stop');
    await bench.call('DELETE', '/v1/sessions/worker');
    assert.equal(findPeer(root, id, systemClock.now()), undefined);
  });

  test('a name that a peer has is refused, and nothing is left of the try', async (t) => {
    const bench = await managedDaemon(t);
    const own = bench.seat.record.name;
    await assert.rejects(bench.spawn(own), { code: 'name-taken' });
    assert.deepEqual(await bench.call('GET', '/v1/sessions'), []);
    assert.equal(bench.agent.sessions.length, 0);
  });
});

test('the preset full needs the person’s setting [D2]', async (t) => {
  const bench = await managedDaemon(t);
  await assert.rejects(bench.spawn('strong', { preset: 'full' }), {
    code: 'preset-not-allowed',
    message: /allowFullPreset/,
  });
  assert.deepEqual(await bench.call('GET', '/v1/sessions'), []);
});

test('an answer to what nobody asked of a session is not made up', async (t) => {
  const bench = await managedDaemon(t);
  await bench.spawn('worker');
  await bench.call('POST', '/v1/sessions/worker/prompts', { text: 'own work', from: 'me' });
  await bench.reached('worker', 'idle');
  const waiting = nextMessage(bench.seat, { waitMs: 300, signal: new AbortController().signal });
  assert.equal(await waiting, undefined);
});
