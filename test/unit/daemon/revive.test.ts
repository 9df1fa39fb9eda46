import assert from 'node:assert/strict';
import { suite, type TestContext, test } from 'node:test';
import { findPeer } from '../../../src/directory/peers.ts';
import { updateSeatRecord } from '../../../src/directory/seat-record.ts';
import { setVerdict } from '../../../src/directory/trust.ts';
import { seatFolder } from '../../../src/mailbox/seat-folder.ts';
import type { MessageId, SeatId } from '../../../src/protocol/ids.ts';
import type { ManagedSessionRecord } from '../../../src/protocol/managed-session.ts';
import type { Message } from '../../../src/protocol/message.ts';
import type { FakeScript } from '../../../src/testing/fake-agent.ts';
import { waitFor } from '../../../src/testing/index.ts';
import {
  type ManagedDaemon,
  type ManagedDaemonOptions,
  managedDaemon,
} from '../../fixtures/managed-daemon.ts';

interface Away extends ManagedDaemon {
  readonly id: SeatId;
  /** Leaves a question in the seat's mailbox. */
  readonly leave: (content: string) => Promise<MessageId>;
  readonly revive: (
    message: MessageId,
    confirmed?: boolean,
  ) => Promise<{ response: Message; contextTokens: number; session: SeatId }>;
}

/** A session that was told something and has ended. */
async function away(t: TestContext, options: ManagedDaemonOptions = {}): Promise<Away> {
  const bench = await managedDaemon(t, options);
  const { id } = await bench.spawn('library');
  await bench.call('POST', '/v1/sessions/library/prompts', { text: 'remember 42', from: 'me' });
  await bench.reached('library', 'idle');
  await bench.call('POST', '/v1/sessions/library/stop');
  const stateOf = (): string | undefined => findPeer(bench.context.config.root, id, Date.now())?.state;
  await waitFor(() => stateOf() === 'away', { what: 'a seat that nobody sits on' });
  return {
    ...bench,
    id,
    leave: async (content) => (await bench.ask('library', content, 100)).sent.id,
    revive: async (message, confirmed = false) =>
      (await bench.call('POST', '/v1/revive', { seat: id, message, confirmed })) as Awaited<
        ReturnType<Away['revive']>
      >,
  };
}

const recalls: FakeScript = function* (prompt, { before }) {
  yield { say: before.length === 0 ? prompt : `I was told: ${before[0]}` };
};

suite('a seat that is away and is revived', () => {
  test('answers from what its conversation knows, and the answer says that a fork gave it', async (t) => {
    const bench = await away(t, { script: recalls });
    const asked = await bench.leave('what were you told?');
    const { response, session } = await bench.revive(asked);
    assert.equal(response.content, 'I was told: remember 42');
    assert.equal(response.metadata.answeredBy, 'fork');
    assert.equal(response.from, bench.id);
    assert.deepEqual(bench.states(asked), ['accepted', 'delivered', 'offered', 'seen', 'answered']);
    const fork = (await bench.call('GET', `/v1/sessions/${session}`)) as ManagedSessionRecord;
    assert.partialDeepStrictEqual(fork, {
      name: 'library-revived',
      preset: 'read-only',
      forkOf: bench.id,
      state: { state: 'stopped' },
    });
    assert.ok((fork.limits.turn.costUsd ?? 0) > 0 && (fork.limits.turn.turns ?? 0) > 0);
    const original = (await bench.call('GET', '/v1/sessions/library')) as ManagedSessionRecord;
    assert.notEqual(fork.conversation, original.conversation);
    assert.equal((await bench.prompts('library')).length, 1);
  });

  test('may look and change nothing [D2]', async (t) => {
    const script: FakeScript = function* (_, { before }) {
      if (before.length === 0) return;
      const told = yield { tool: 'Write', input: { file_path: 'x.txt', content: 'x' } };
      yield { say: told };
    };
    const bench = await away(t, { script });
    const { response } = await bench.revive(await bench.leave('write it down'));
    assert.match(response.content, /The preset read-only does not permit Write/);
  });

  test('is large: nothing is started until a person has confirmed it, and then it answers', async (t) => {
    const bench = await away(t, { script: recalls, settings: { reviveTokens: 1 } });
    const asked = await bench.leave('still there?');
    const before = bench.agent.sessions.length;
    await assert.rejects(bench.revive(asked), (error: { code: string; facts: { tokens: number } }) => {
      assert.equal(error.code, 'revive-unconfirmed');
      assert.ok(error.facts.tokens > 1);
      return true;
    });
    assert.equal(bench.agent.sessions.length, before);
    assert.deepEqual(bench.states(asked), ['accepted', 'delivered']);
    assert.match((await bench.revive(asked, true)).response.content, /remember 42/);
  });

  test('has come to no answer: the question waits as before, and who asks is told why [M1]', async (t) => {
    const script: FakeScript = function* (_, { before }) {
      if (before.length === 0) return;
      yield { fail: { kind: 'server', message: 'it rains' } };
    };
    const bench = await away(t, { script });
    const asked = await bench.leave('and now?');
    await assert.rejects(bench.revive(asked), {
      code: 'agent-ended',
      message: /came to no answer: it rains/,
    });
    assert.equal(bench.agent.sessions.at(-1)?.hasEnded, true);
    await bench.call('POST', '/v1/sessions/library/resume');
    await bench.reached('library', 'idle');
  });

  test('lets in whom its session would let in [S2]', async (t) => {
    const bench = await away(t, { script: recalls });
    const { root } = bench.context.config;
    const asked = await bench.leave('psst');
    await updateSeatRecord(root, seatFolder(root, bench.id), { attention: 'closed' });
    await assert.rejects(bench.revive(asked), { code: 'message-held', message: /attention closed/ });
    setVerdict(root, { sender: bench.seat.folder.id, receiver: bench.id, verdict: 'blocked' });
    await assert.rejects(bench.revive(asked), { code: 'message-refused', message: /blocked this peer/ });
    assert.equal(bench.agent.sessions.length, 1);
  });

  test('is here after all: it is asked as it is', async (t) => {
    const bench = await away(t, { script: recalls });
    const asked = await bench.leave('hello?');
    await bench.call('POST', '/v1/sessions/library/resume');
    await assert.rejects(bench.revive(asked), {
      code: 'session-state',
      message: /Ask it without reviving it/,
    });
  });

  test('has never had a conversation, or has no such message: nothing is started', async (t) => {
    const bench = await away(t, { script: recalls });
    await assert.rejects(bench.revive('msg-000000000000' as MessageId), { code: 'message-unknown' });
    const shell = { seat: bench.seat.folder.id, message: 'msg-000000000000', confirmed: false };
    await assert.rejects(bench.call('POST', '/v1/revive', shell), { code: 'conversation-unknown' });
    assert.equal(bench.agent.sessions.length, 1);
  });
});
