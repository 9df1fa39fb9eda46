import assert from 'node:assert/strict';
import { suite, type TestContext, test } from 'node:test';
import {
  askSession,
  awaitPrompt,
  type ClientContext,
  cleanUpSessions,
  deleteSession,
  forkSession,
  interruptSession,
  killSession,
  listSessions,
  pauseSession,
  promptHistory,
  promptState,
  resolveConfig,
  resumeConversation,
  resumeSession,
  sendPrompt,
  sessionStatus,
  setSessionModel,
  spawnSession,
  stopSession,
  systemClock,
  type WatchedSessionEvent,
  watchSessions,
} from '../../../src/index.ts';
import { type ManagedBox, managedBox } from '../../fixtures/managed-box.ts';

const BRIEFLY = { waitMs: 20_000 };

interface Bench extends ManagedBox {
  readonly context: ClientContext;
  readonly cwd: string;
}

async function bench(t: TestContext): Promise<Bench> {
  const box = await managedBox(t);
  const cwd = box.bareShell('app').folder;
  const env = { HOME: box.home, BRIDGE_DIR: box.root, XDG_RUNTIME_DIR: box.runtimeDir };
  return {
    ...box,
    cwd,
    context: { config: resolveConfig({ env, cwd }), clock: systemClock, version: box.version },
  };
}

suite('the exported calls for managed sessions', () => {
  test('lead a session through its life', async (t) => {
    const { context, cwd } = await bench(t);
    const { id } = await spawnSession(context, { name: 'worker', cwd, limits: { turn: { turns: 9 } } });
    const asked = await askSession(context, 'worker', { text: 'hello', ...BRIEFLY });
    assert.deepEqual(
      [asked.turn?.text, asked.from, promptState(asked)],
      ['ECHO[hello]', 'command-line', 'completed'],
    );
    const { id: hanging } = await sendPrompt(context, id, { text: 'HANG', from: 'somebody' });
    assert.equal((await awaitPrompt(context, hanging, { waitMs: 50 })).ended, undefined);
    assert.equal((await interruptSession(context, id)).state.state, 'idle');
    assert.equal(promptState(await awaitPrompt(context, hanging, BRIEFLY)), 'interrupted');
    assert.equal((await pauseSession(context, id)).state.state, 'paused');
    assert.equal((await resumeSession(context, id)).state.state, 'idle');
    assert.equal((await setSessionModel(context, id, { model: 'm-2' })).model, 'm-2');
    assert.equal((await forkSession(context, id, { name: 'copy' })).forkOf, id);
    assert.deepEqual((await promptHistory(context, id, { limit: 1 })).map(promptState), ['interrupted']);
    assert.equal((await stopSession(context, id)).state.state, 'stopped');
    assert.equal((await killSession(context, 'copy')).state.state, 'stopped');
    await deleteSession(context, id);
    assert.deepEqual(
      (await listSessions(context)).map(({ name }) => name),
      ['copy'],
    );
    await assert.rejects(cleanUpSessions(context, { olderThanMs: -1_000 }), { code: 'usage' });
    await assert.rejects(sessionStatus(context, id), { code: 'session-unknown' });
    await assert.rejects(sendPrompt(context, 'copy', { text: 'x' }), { code: 'session-over' });
    await assert.rejects(awaitPrompt(context, 'none', BRIEFLY), { code: 'prompt-unknown' });
  });

  test('give the next prompt at once with an interrupt', async (t) => {
    const { context, cwd } = await bench(t);
    await spawnSession(context, { name: 'worker', cwd });
    const before = await sendPrompt(context, 'worker', { text: 'HANG' });
    const next = await askSession(context, 'worker', { text: 'now', interrupt: true, ...BRIEFLY });
    assert.equal(next.turn?.text, 'ECHO[now]');
    assert.equal(promptState(await awaitPrompt(context, before.id, BRIEFLY)), 'interrupted');
  });

  test('let one conversation go on in one session at a time', async (t) => {
    const box = await bench(t);
    const { context, cwd } = box;
    const { conversation } = await spawnSession(context, { name: 'one', cwd });
    const taken = { conversation, name: 'two' };
    await assert.rejects(resumeConversation(context, taken), { code: 'conversation-live' });
    await stopSession(context, 'one');
    assert.equal((await resumeConversation(context, taken)).cwd, cwd);
    await assert.rejects(resumeSession(context, 'one'), { code: 'conversation-live' });
    await stopSession(context, 'two');
    assert.equal((await resumeSession(context, 'one')).state.state, 'idle');
    await stopSession(context, 'one');
    const renamed = await box.bareShell('app').run('rename', 'uno', '--as', 'one');
    assert.deepEqual(
      [renamed.code, /cahoots fork one --name uno/.test(renamed.stderr)],
      [2, true],
      renamed.stderr,
    );
  });

  test('give up waits and watches when their signal aborts [M3]', async (t) => {
    const { context, cwd } = await bench(t);
    await spawnSession(context, { name: 'worker', cwd });
    const stop = new AbortController();
    const wait = { waitMs: Number.POSITIVE_INFINITY, signal: stop.signal };
    const givenUp = assert.rejects(askSession(context, 'worker', { text: 'HANG', ...wait }), {
      code: 'cancelled',
    });
    const events: WatchedSessionEvent[] = [];
    for await (const event of watchSessions(context, { signal: stop.signal })) {
      events.push(event);
      if (event.type === 'agent:acted' && event.event.type === 'text:said') stop.abort();
      if (event.type === 'prompt:changed' && event.prompt.startedAtMs !== undefined) stop.abort();
    }
    assert.ok(events.length > 0);
    await givenUp;
    const left: unknown[] = [];
    for await (const event of watchSessions(context, { signal: stop.signal })) left.push(event);
    assert.deepEqual(left, []);
  });
});
