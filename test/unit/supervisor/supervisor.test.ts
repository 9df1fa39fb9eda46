import assert from 'node:assert/strict';
import { join } from 'node:path';
import { suite, type TestContext, test } from 'node:test';
import { openDatabase } from '../../../src/daemon/store/database.ts';
import { SqliteSessionStore } from '../../../src/daemon/store/sqlite-session-store.ts';
import { newSeatId, type SeatId } from '../../../src/protocol/ids.ts';
import { type SpawnRequest, Supervisor } from '../../../src/supervisor/supervisor.ts';
import { type FakeAgent, type FakeScript, fakeAgent } from '../../../src/testing/index.ts';
import { managedRecord, promptRecord } from '../../fixtures/managed-records.ts';
import { tempFolder } from '../../fixtures/temp-root.ts';

const REQUEST: SpawnRequest = {
  name: 'worker',
  agent: 'fake',
  cwd: '/',
  preset: 'edit',
  limits: { session: {}, turn: {} },
};

const remembers: FakeScript = function* (prompt, { before }) {
  yield { say: [...before, prompt].join(' ') };
};

function begin(t: TestContext, { script = remembers, now = () => Date.now() } = {}) {
  const { database, close } = openDatabase(join(tempFolder(t), 'daemon.db'), { nowMs: 0 });
  const store = new SqliteSessionStore(database);
  const agent = fakeAgent(script);
  const opened: SeatId[] = [];
  const closed: SeatId[] = [];
  const supervisor = superviseWith(agent, store, {
    now,
    seats: {
      open: () => {
        const id = newSeatId();
        opened.push(id);
        return id;
      },
      close: (id) => closed.push(id),
    },
  });
  t.after(async () => {
    await supervisor.close();
    close();
  });
  return { supervisor, store, agent, seats: { opened, closed } };
}

function superviseWith(
  agent: FakeAgent,
  store: SqliteSessionStore,
  {
    now = () => Date.now(),
    seats = { open: newSeatId, close: () => undefined },
  }: { now?: () => number; seats?: { open(): SeatId; close(id: SeatId): void } } = {},
): Supervisor {
  return new Supervisor({
    agents: { fake: agent },
    store,
    seats: { sitterOf: () => undefined, ...seats },
    clock: { now },
    judge: () => ({ verdict: 'allow' }),
    requirePermitted: () => undefined,
    env: {},
    queueLength: 10,
    onEvent: () => undefined,
  });
}

suite('the managed sessions of one store', () => {
  test('are started each on a seat of its own, and found by name and by id', async (t) => {
    const { supervisor, seats } = begin(t);
    const one = await supervisor.spawn(REQUEST);
    const other = await supervisor.spawn({ ...REQUEST, name: 'other' });
    assert.deepEqual(seats.opened, [one.record.id, other.record.id]);
    assert.deepEqual(supervisor.find('other'), other.record);
    assert.equal(supervisor.live(one.record.id), one);
    assert.equal(supervisor.running, 2);
    assert.throws(() => supervisor.find('nobody'), {
      code: 'session-unknown',
      message: /There are: other, worker\.$/,
    });
  });

  test('have names of their own: a second one of a name is told what there is and what to do', async (t) => {
    const { supervisor, seats } = begin(t);
    await supervisor.spawn(REQUEST);
    await assert.rejects(supervisor.spawn(REQUEST), {
      code: 'name-taken',
      message: /it is idle.*cahoots resume worker/,
    });
    assert.equal(seats.opened.length, 1);
  });

  test('leave nothing when they cannot be started, so that the name is free for the next try', async (t) => {
    const { supervisor, store, seats } = begin(t);
    const wrong = { ...REQUEST, cwd: '/no/such/folder' };
    await assert.rejects(supervisor.spawn(wrong), { code: 'folder-missing' });
    assert.deepEqual(store.sessions(), []);
    assert.deepEqual(seats.closed, seats.opened);
    await supervisor.spawn(REQUEST);
    await assert.rejects(supervisor.spawn({ ...REQUEST, name: 'b', agent: 'codex' }), { code: 'usage' });
  });

  test('are forked: the copy knows what was said, and each goes on by itself', async (t) => {
    const { supervisor, store } = begin(t);
    const one = await supervisor.spawn({ ...REQUEST, model: 'some-model' });
    await one.accept({ text: 'one', from: 'me' }).settled;
    const fork = await supervisor.fork('worker', { name: 'copy' });
    assert.equal(fork.record.model, 'some-model');
    assert.notEqual(fork.record.conversation, one.record.conversation);
    const [inCopy, inFirst] = await Promise.all(
      [fork, one].map(
        async (session) => (await session.accept({ text: 'two', from: 'me' }).settled).turn?.text,
      ),
    );
    assert.deepEqual([inCopy, inFirst], ['one two', 'one two']);
    assert.equal(fork.record.turns, 1);
    assert.equal(store.session(fork.record.id)?.forkOf, one.record.id);
  });

  test('are started no more once it closes: nobody would end them [D3]', async (t) => {
    const { supervisor, agent } = begin(t);
    const one = await supervisor.spawn(REQUEST);
    await one.stop();
    const closing = supervisor.close();
    await assert.rejects(supervisor.spawn({ ...REQUEST, name: 'late' }), { code: 'closed' });
    await assert.rejects(supervisor.resume('worker'), { code: 'closed' });
    await closing;
    assert.equal(agent.sessions.length, 1);
  });

  test('that are over are resumed in their conversation, also when they never had a turn', async (t) => {
    const { supervisor } = begin(t);
    const session = await supervisor.spawn(REQUEST);
    await session.stop();
    assert.throws(() => supervisor.live('worker'), {
      code: 'session-over',
      message: /stopped.*cahoots resume/,
    });
    await supervisor.resume('worker');
    await session.accept({ text: 'one', from: 'me' }).settled;
    await session.stop();
    assert.equal(await supervisor.resume('worker'), session);
    assert.equal((await session.accept({ text: 'two', from: 'me' }).settled).turn?.text, 'one two');
    session.pause();
    await supervisor.resume('worker');
    assert.equal(session.record.state.state, 'idle');
    await assert.rejects(supervisor.resume('worker'), { code: 'session-state' });
  });

  test('begin in a conversation that somebody else had', async (t) => {
    const { supervisor, agent } = begin(t);
    const theirs = await supervisor.spawn(REQUEST);
    await theirs.accept({ text: 'one', from: 'me' }).settled;
    const from = theirs.record.conversation;
    await theirs.stop();
    const session = await supervisor.spawn({ ...REQUEST, name: 'next', resume: { from, fork: false } });
    assert.equal(session.record.conversation, from);
    assert.equal((await session.accept({ text: 'two', from: 'me' }).settled).turn?.text, 'one two');
    assert.equal(agent.sessions.length, 2);
  });

  test('are deleted only when they are over, with all that is kept of them', async (t) => {
    const { supervisor, store, seats } = begin(t);
    const session = await supervisor.spawn(REQUEST);
    await assert.rejects(supervisor.delete('worker'), {
      code: 'session-state',
      message: /cahoots stop worker/,
    });
    await session.stop();
    await supervisor.delete('worker');
    assert.deepEqual([store.sessions(), seats.closed], [[], [session.record.id]]);
  });

  test('are cleaned up when they are over and have been for long', async (t) => {
    let now = 1_000_000;
    const { supervisor } = begin(t, { now: () => now });
    for (const name of ['old', 'young', 'at-work']) await supervisor.spawn({ ...REQUEST, name });
    await supervisor.live('old').stop();
    now += 60_000;
    await supervisor.live('young').stop();
    now += 1_000;
    const removed = supervisor.cleanUp({ olderThanMs: 30_000 });
    assert.deepEqual(
      removed.map(({ name }) => name),
      ['old'],
    );
    assert.equal(supervisor.find('young').state.state, 'stopped');
    assert.equal(supervisor.find('at-work').state.state, 'idle');
  });

  test('of a supervisor that was killed are interrupted, their prompts settled, their processes ended [D3] [D4]', async (t) => {
    const { store, agent } = begin(t, {
      *script() {
        yield 'hang';
      },
    });
    const before = superviseWith(agent, store);
    const session = await before.spawn(REQUEST);
    const states = [{ state: 'paused' }, { state: 'limited', resetsAtMs: 1 }, { state: 'stopped' }] as const;
    for (const state of states) store.saveSession(managedRecord({ name: state.state, state }));
    const ids = ['one', 'two'].map((text) => session.accept({ text, from: 'me' }).prompt.id);
    // It is gone without a word: from here on another one looks at what it has kept.
    const kept = store.liveSessions().map(({ name }) => name);
    assert.deepEqual(kept.toSorted(), ['limited', 'paused', 'worker']);
    const after = superviseWith(agent, store);
    assert.equal(agent.sessions[0]?.hasEnded, false);
    const { sessions: lost } = await after.recover();
    assert.equal(lost.length, 3);
    assert.equal(agent.sessions[0]?.hasEnded, true);
    for (const { id } of lost) assert.equal(store.session(id)?.state.state, 'interrupted');
    for (const id of ids) assert.equal(store.prompt(id)?.ended?.outcome, 'dropped');
    assert.deepEqual(store.liveSessions(), []);
    assert.deepEqual(await after.recover(), { sessions: [], prompts: [] });
    assert.equal((await after.resume('worker')).record.state.state, 'idle');
    await after.close();
  });

  test('are all stopped at the end, and what waits is settled [M3]', async (t) => {
    const { supervisor, store } = begin(t, {
      *script() {
        yield 'hang';
      },
    });
    const sessions = [await supervisor.spawn(REQUEST), await supervisor.spawn({ ...REQUEST, name: 'other' })];
    const prompts = sessions.flatMap((session) =>
      ['one', 'two'].map((text) => session.accept({ text, from: 'me' }).settled),
    );
    await supervisor.close();
    const outcomes = (await Promise.all(prompts)).map(({ ended }) => ended?.outcome);
    assert.deepEqual(outcomes, ['interrupted', 'dropped', 'interrupted', 'dropped']);
    assert.equal(supervisor.running, 0);
    assert.deepEqual(store.liveSessions(), []);
  });
});

test('a prompt that is kept is found by its id until its session is removed', (t) => {
  const { store } = begin(t);
  const session = managedRecord();
  store.saveSession(session);
  const prompt = promptRecord({ session: session.id });
  store.savePrompt(prompt);
  assert.deepEqual(store.prompt(prompt.id), prompt);
  store.remove(session.id);
  assert.equal(store.prompt(prompt.id), undefined);
});
