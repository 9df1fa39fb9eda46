import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import type {
  ManagedSessionRecord,
  PromptRecord,
  WorkLimits,
} from '../../../src/protocol/managed-session.ts';
import type { ToolCall, ToolVerdict } from '../../../src/protocol/tool-call.ts';
import { ManagedSession } from '../../../src/supervisor/managed-session.ts';
import type { SessionEvent } from '../../../src/supervisor/session-means.ts';
import type { JournalEntry, SessionWriter } from '../../../src/supervisor/session-store.ts';
import { type FakeScript, type FakeStep, fakeAgent, waitFor } from '../../../src/testing/index.ts';
import { managedRecord } from '../../fixtures/managed-records.ts';

/** Keeps in memory what it is given, in the order in which it was. */
class KeptInMemory implements SessionWriter {
  readonly sessions: ManagedSessionRecord[] = [];
  readonly prompts: PromptRecord[] = [];
  readonly journal: JournalEntry[] = [];
  isBroken = false;

  saveSession(session: ManagedSessionRecord, note?: JournalEntry): void {
    this.#check();
    this.sessions.push(session);
    if (note !== undefined) this.journal.push(note);
  }

  savePrompt(prompt: PromptRecord): void {
    this.#check();
    this.prompts.push(prompt);
  }

  note(entry: JournalEntry): void {
    this.#check();
    this.journal.push(entry);
  }

  #check(): void {
    if (this.isBroken) throw new Error('the disk is full');
  }
}

interface Options {
  readonly script?: FakeScript;
  readonly limits?: Partial<WorkLimits>;
  readonly judge?: (call: ToolCall) => ToolVerdict;
  readonly queueLength?: number;
  readonly clock?: { now(): number };
}

async function begin({
  script,
  limits = {},
  judge = () => ({ verdict: 'allow' }),
  queueLength = 3,
  clock = { now: () => Date.now() },
}: Options = {}) {
  const agent = fakeAgent(script);
  const store = new KeptInMemory();
  const events: SessionEvent[] = [];
  const record = managedRecord({
    conversation: 'a-conversation',
    limits: { session: {}, turn: {}, ...limits },
  });
  const onEvent = (event: SessionEvent): void => {
    // What is told has been kept before.
    if (event.type === 'session:changed') assert.equal(store.sessions.at(-1), event.session);
    if (event.type === 'prompt:changed') assert.equal(store.prompts.at(-1), event.prompt);
    events.push(event);
  };
  const session = new ManagedSession(record, { agent, store, clock, judge, queueLength, env: {}, onEvent });
  await session.start();
  const ask = (text: string): Promise<PromptRecord> => {
    return session.accept({ text, from: 'a person' }).settled;
  };
  const states = (): string[] =>
    store.sessions.map(({ state }) => state.state).filter((state, index, all) => state !== all[index - 1]);
  return { agent, store, events, session, ask, states };
}

function* hangs(): Generator<FakeStep, void, string> {
  yield 'hang';
}

function* calls(): Generator<FakeStep, void, string> {
  for (let call = 0; call < 10; call += 1) yield { tool: 'Shell', input: { command: `step ${call}` } };
  yield { say: 'all ten' };
}

suite('a managed session', () => {
  test('works on one prompt after the other and keeps what came of each', async () => {
    const { session, store, ask, states } = await begin();
    const [first, second] = await Promise.all([ask('one'), ask('two')]);
    assert.deepEqual(first.ended, { outcome: 'completed' });
    assert.equal(first.turn?.text, 'ECHO[one]');
    assert.equal(second.turn?.text, 'ECHO[two]');
    assert.deepEqual(states(), ['idle', 'running', 'idle', 'running', 'idle']);
    assert.equal(session.record.turns, 2);
    assert.ok(session.record.spent.costUsd > 0.019);
    assert.equal(store.prompts.at(-1)?.ended?.outcome, 'completed');
    const said = store.journal.filter(({ type }) => type === 'text:said');
    assert.deepEqual(
      said.map(({ prompt, data }) => [prompt, data['text']]),
      [
        [first.id, 'ECHO[one]'],
        [second.id, 'ECHO[two]'],
      ],
    );
    await session.stop();
  });

  test('keeps a prompt before it says that it accepted it', async () => {
    const { session, store } = await begin({ script: hangs });
    const { prompt, settled } = session.accept({ text: 'one', from: 'a person' });
    assert.equal(session.settled(prompt.id), settled);
    assert.ok(store.prompts.some(({ id, startedAtMs }) => id === prompt.id && startedAtMs === undefined));
    await session.stop();
  });

  test('refuses a prompt over the length of its queue, with the number that wait', async () => {
    const { session } = await begin({ script: hangs, queueLength: 2 });
    for (const text of ['worked on', 'first', 'second']) session.accept({ text, from: 'a person' });
    assert.throws(() => session.accept({ text: 'one too many', from: 'a person' }), {
      code: 'queue-full',
      facts: { session: session.record.id, waiting: 2 },
    });
    assert.equal(session.queue.length, 2);
    await session.stop();
  });

  test('is interrupted, and goes on with the next prompt', async () => {
    const { session, ask } = await begin({
      *script(prompt) {
        yield prompt === 'one' ? 'hang' : { say: 'done' };
      },
    });
    const first = ask('one');
    const second = ask('two');
    await session.interrupt();
    assert.deepEqual((await first).ended, { outcome: 'interrupted' });
    assert.equal((await second).turn?.text, 'done');
    await session.stop();
  });

  test('that is paused finishes its turn, holds what comes, and goes on with it', async () => {
    const { session, ask, states } = await begin();
    const first = ask('one');
    session.pause();
    await first;
    assert.equal(session.record.state.state, 'paused');
    const second = ask('two');
    await new Promise((resolve) => setImmediate(resolve));
    assert.equal(session.queue.length, 1);
    session.unpause();
    assert.equal((await second).turn?.text, 'ECHO[two]');
    assert.deepEqual(states(), ['idle', 'running', 'paused', 'idle', 'running', 'idle']);
    await session.stop();
  });

  test('is stopped in a turn, and settles that and all that waits [M3]', async () => {
    const { session, ask, states } = await begin({ script: hangs });
    const prompts = [ask('one'), ask('two'), ask('three')];
    await session.stop();
    const ended = (await Promise.all(prompts)).map((prompt) => prompt.ended?.outcome);
    assert.deepEqual(ended, ['interrupted', 'dropped', 'dropped']);
    assert.deepEqual(states(), ['idle', 'running', 'stopping', 'stopped']);
    await session.stop();
    assert.throws(() => session.accept({ text: 'more', from: 'a person' }), { code: 'session-over' });
    assert.equal(session.settled('no-such-prompt'), undefined);
  });

  test('whose process dies has failed, with that turn and all that waits settled [M3]', async () => {
    const { session, ask, agent } = await begin({ script: hangs });
    const prompts = [ask('one'), ask('two')];
    agent.sessions[0]?.crash();
    const [first, second] = await Promise.all(prompts);
    assert.ok(first?.ended?.outcome === 'failed' && first.ended.failure.kind === 'agent-ended');
    assert.equal(second?.ended?.outcome, 'dropped');
    await waitFor(() => session.record.state.state === 'failed', { what: 'the state' });
  });

  test('whose process dies between two turns has failed, and starts again in its conversation', async () => {
    const { session, ask, agent } = await begin({
      *script(prompt, { before }) {
        yield { say: [...before, prompt].join(' ') };
      },
    });
    await ask('one');
    agent.sessions[0]?.crash();
    await waitFor(() => session.record.state.state === 'failed', { what: 'the state' });
    await session.start({ from: session.record.conversation, fork: false });
    assert.equal((await ask('two')).turn?.text, 'one two');
    assert.equal(session.record.turns, 2);
    await session.stop();
  });

  test('that cannot be started has failed, and says why', async () => {
    const { session } = await begin();
    await session.stop();
    await assert.rejects(session.start({ from: 'another-conversation', fork: false }), {
      code: 'conversation-unknown',
    });
    const { state } = session.record;
    assert.ok(state.state === 'failed' && /no conversation another-conversation/.test(state.failure.message));
  });

  test('asks its judge before each call, and notes what was denied [D2]', async () => {
    const asked: unknown[] = [];
    const { session, ask, store } = await begin({
      script: calls,
      judge: ({ input }) => {
        asked.push(input['command']);
        return asked.length === 3 ? { verdict: 'deny', reason: 'not the third' } : { verdict: 'allow' };
      },
    });
    const { turn, ended } = await ask('go');
    assert.equal(asked.length, 10);
    assert.deepEqual(ended, { outcome: 'completed' });
    assert.deepEqual(turn?.denials, [
      { tool: 'Shell', input: { command: 'step 2' }, reason: 'not the third' },
    ]);
    const denied = store.journal.filter(({ type }) => type === 'tool:denied');
    assert.deepEqual(
      denied.map(({ data }) => data['reason']),
      ['not the third'],
    );
    await session.stop();
  });

  test('makes no further call once a limit of the turn is reached, and takes the next prompt [D1]', async () => {
    const cases = [
      [{ turns: 3 }, 'turns', 3],
      [{ costUsd: 0.03 }, 'costUsd', 3],
      [{ tokens: 330 }, 'tokens', 3],
    ] as const;
    for (const [turn, limit, steps] of cases) {
      let made = 0;
      const { session, ask } = await begin({
        limits: { turn },
        *script() {
          for (;;) {
            made += 1;
            yield { tool: 'Shell' };
          }
        },
      });
      const { ended, turn: result } = await ask('go');
      assert.ok(ended?.outcome === 'limit-reached');
      assert.deepEqual([ended.reached.limit, ended.reached.scope], [limit, 'turn']);
      assert.equal(made, steps);
      assert.equal(result?.steps, steps);
      assert.equal((await ask('again')).ended?.outcome, 'limit-reached');
      await session.stop();
    }
  });

  test('begins no turn once a limit of the session is reached [D1]', async () => {
    const { ask, session, agent } = await begin({ limits: { session: { turns: 2 } } });
    assert.equal((await ask('one')).ended?.outcome, 'completed');
    assert.equal((await ask('two')).ended?.outcome, 'completed');
    const third = await ask('three');
    assert.ok(third.ended?.outcome === 'limit-reached');
    assert.deepEqual(third.ended.reached, { limit: 'turns', scope: 'session', allowed: 2, used: 2 });
    assert.equal(third.turn, undefined);
    assert.equal(agent.sessions.length, 1);
    assert.equal(session.record.state.state, 'idle');
    await session.stop();
  });

  test('ends a turn whose time is up [D1]', async () => {
    const { ask, session } = await begin({ script: hangs, limits: { turn: { minutes: 0.002 } } });
    const { ended } = await ask('go');
    assert.ok(ended?.outcome === 'limit-reached');
    assert.deepEqual([ended.reached.limit, ended.reached.scope], ['minutes', 'turn']);
    assert.ok(ended.reached.used >= 0.002);
    await session.stop();
  });

  test('whose plan is used up waits for the reset and goes on by itself', async () => {
    let tries = 0;
    const now = Date.now();
    const { ask, session, states } = await begin({
      *script(prompt) {
        tries += 1;
        if (tries > 1) yield { say: `after the reset: ${prompt}` };
        else yield { fail: { kind: 'usage-limit', message: 'used up', resetsAtMs: now + 200 } };
      },
    });
    const asked = ask('go');
    await waitFor(() => session.record.state.state === 'limited', { what: 'the state' });
    assert.deepEqual(session.record.state, { state: 'limited', resetsAtMs: now + 200 });
    assert.equal(session.queue.length, 1);
    const { ended, turn } = await asked;
    assert.deepEqual(ended, { outcome: 'completed' });
    assert.match(turn?.text ?? '', /^after the reset: /);
    assert.ok(Date.now() >= now + 200);
    assert.deepEqual(states(), ['idle', 'running', 'limited', 'idle', 'running', 'idle']);
    await session.stop();
  });

  test('whose plan was used up in the middle of a prompt counts what it used before against the limits of that prompt [D1]', async () => {
    let goes = 0;
    const { ask, session } = await begin({
      limits: { turn: { turns: 4 } },
      *script() {
        goes += 1;
        yield { tool: 'TodoWrite' };
        yield { say: 'a step' };
        if (goes === 1)
          yield { fail: { kind: 'usage-limit', message: 'used up', resetsAtMs: Date.now() + 50 } };
        for (;;) yield { tool: 'TodoWrite' };
      },
    });
    const { ended, turn } = await ask('go');
    assert.partialDeepStrictEqual(ended, {
      outcome: 'limit-reached',
      reached: { limit: 'turns', allowed: 4 },
    });
    assert.equal(goes, 2);
    assert.ok((turn?.steps ?? 0) >= 4 && (turn?.steps ?? 0) <= 5, `${turn?.steps} steps`);
    await session.stop();
  });

  test('that is stopped while it waits for its plan settles what waits [M3]', async () => {
    const { ask, session } = await begin({
      *script() {
        yield { fail: { kind: 'usage-limit', message: 'used up' } };
      },
    });
    const asked = ask('go');
    await waitFor(() => session.record.state.state === 'limited', { what: 'the state' });
    await session.stop();
    assert.equal((await asked).ended?.outcome, 'dropped');
    assert.equal(session.record.state.state, 'stopped');
  });

  test('whose changes cannot be kept any more settles what waits and ends its process [M3] [D3]', async () => {
    const { session, ask, store, agent } = await begin({ script: hangs });
    const asked = [ask('one'), ask('two')];
    store.isBroken = true;
    await assert.rejects(session.stop(), { message: 'the disk is full' });
    const outcomes = (await Promise.all(asked)).map(({ ended }) => ended?.outcome);
    assert.equal(outcomes.length, 2);
    assert.equal(agent.sessions[0]?.hasEnded, true);
  });

  test('gives a command to its agent as one only when told so and permitted, by what it stands for then [FA2] [D2]', async () => {
    const judged: ToolCall[] = [];
    let verdict: ToolVerdict = { verdict: 'allow' };
    const { session, agent } = await begin({
      judge: (call) => {
        judged.push(call);
        return verdict;
      },
    });
    const text = await session.accept({ text: '/clear', from: 'me' }).settled;
    assert.equal(text.turn?.text, 'ECHO[/clear]');
    assert.equal(judged.length, 0);
    await session.requireCommand('/clear');
    assert.deepEqual(
      judged.map(({ tool }) => tool),
      ['command'],
    );
    const done = await session.accept({ text: '/clear', from: 'me', command: true }).settled;
    assert.deepEqual(done.ended, { outcome: 'completed' });
    await assert.rejects(session.requireCommand('/nosuch'), { code: 'command-unknown' });
    verdict = { verdict: 'deny', reason: 'not this one' };
    await assert.rejects(session.requireCommand('/clear'), { code: 'command-denied' });
    const late = await session.accept({ text: '/clear', from: 'me', command: true }).settled;
    assert.deepEqual(late.ended, { outcome: 'failed', failure: { kind: 'other', message: 'not this one' } });
    assert.equal(session.record.state.state, 'idle');
    assert.equal(agent.sessions.length, 1);
  });

  test('fails a command that its agent does not know any more, and goes on with what comes after', async () => {
    const { session, agent } = await begin();
    const gone = await session.accept({ text: '/nosuch', from: 'me', command: true }).settled;
    assert.equal(gone.ended?.outcome, 'failed');
    assert.equal((await session.accept({ text: 'go on', from: 'me' }).settled).ended?.outcome, 'completed');
    assert.equal(agent.sessions.length, 1);
  });

  test('follows its agent into another conversation, and goes on in that one [FA4] [D4]', async () => {
    const { session, agent, store } = await begin();
    await session.accept({ text: 'before', from: 'me' }).settled;
    await session.accept({ text: '/clear', from: 'me', command: true }).settled;
    const { conversation, startedIn } = session.record;
    assert.notEqual(conversation, 'a-conversation');
    assert.equal(startedIn, 'a-conversation');
    assert.ok(store.journal.some(({ type }) => type === 'conversation:changed'));
    await session.stop();
    await session.start({ from: conversation, fork: false });
    assert.equal(agent.sessions.at(-1)?.launch.conversation, conversation);
    assert.equal(session.record.startedIn, undefined);
  });

  test('is not disturbed by a watcher that throws', async () => {
    const agent = fakeAgent();
    const { session: model } = await begin();
    const session = new ManagedSession(
      { ...model.record, state: { state: 'starting' } },
      {
        agent,
        store: new KeptInMemory(),
        clock: { now: () => 0 },
        judge: () => ({ verdict: 'allow' }),
        queueLength: 1,
        env: {},
        onEvent: () => {
          throw new Error('the watcher fell over');
        },
      },
    );
    await session.start();
    const { settled } = session.accept({ text: 'one', from: 'a person' });
    assert.equal((await settled).turn?.text, 'ECHO[one]');
    await Promise.all([session.stop(), model.stop()]);
  });
});
