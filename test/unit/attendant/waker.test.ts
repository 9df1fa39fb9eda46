import assert from 'node:assert/strict';
import { suite, type TestContext, test } from 'node:test';
import { type TurnCap, turnCap } from '../../../src/attendant/turn-cap.ts';
import { type WakeRequest, Waker } from '../../../src/attendant/waker.ts';
import type { MessageId } from '../../../src/protocol/ids.ts';
import { type DeskBench, deskBench, idsOf } from './desk-bench.ts';
import { type ScriptedPath, scriptedPath } from './scripted-path.ts';

interface WakeBench extends DeskBench {
  readonly socket: ScriptedPath;
  readonly file: ScriptedPath;
  readonly cap: TurnCap;
  readonly waker: Waker;
  readonly faults: unknown[];
  /** One look at an idle session; tells the ids of what was put before the model. */
  readonly pump: (changes?: Partial<WakeRequest>) => Promise<MessageId[]>;
}

function wakeBench(t: TestContext, { perHour = 20 } = {}): WakeBench {
  const bench = deskBench(t);
  const [socket, file] = [scriptedPath('inbox-socket'), scriptedPath('file-changed')];
  const cap = turnCap(perHour);
  const faults: unknown[] = [];
  const waker = new Waker({
    wakePaths: [socket, file],
    cap,
    clock: bench.clock,
    onFault: (error) => faults.push(error),
  });
  const pump = async (changes: Partial<WakeRequest> = {}): Promise<MessageId[]> => {
    bench.desk.settleSeen();
    const request: WakeRequest = {
      waiting: bench.desk.look().eligible,
      mayWake: ({ type }) => type !== 'note',
      conversation: 'c-now',
      ...changes,
    };
    return idsOf(await waker.wakeIfDue(bench.desk, request));
  };
  return { ...bench, socket, file, cap, waker, faults, pump };
}

suite('waking an idle session', () => {
  test('takes the first path that can be used, and gives it text, conversation and who speaks', async (t) => {
    const { mail, pump, socket, file, states, waker } = wakeBench(t);
    const one = mail();
    assert.equal(waker.firstPath(), 'inbox-socket');
    assert.deepEqual(await pump(), [one.id]);
    assert.deepEqual([socket.wakes.length, file.wakes.length], [1, 0]);
    const [wake] = socket.wakes;
    assert.match(wake?.text ?? '', new RegExp(one.id));
    assert.deepEqual([wake?.conversation, wake?.fromName, wake?.fromMode], ['c-now', 'app', 'prompting']);
    assert.equal(states(one).at(-1), 'offered: inbox-socket');
    assert.deepEqual([waker.settleMs('inbox-socket'), waker.settleMs('tool')], [3_000, 0]);
  });

  test('passes over a path on which the host would ask the person about such a sender', async (t) => {
    const { mail, pump, socket, file, desk } = wakeBench(t);
    socket.keepsBack = (fromMode) => fromMode === 'bypass';
    const bypass = mail({ metadata: { permissionClass: 'bypasses' } });
    const asks = mail({ metadata: { permissionClass: 'asks' } });
    const waiting = desk.look().held;
    assert.deepEqual(await pump({ waiting: [...waiting, ...desk.look().eligible] }), [asks.id]);
    desk.offers.remove(asks.id);
    assert.deepEqual(await pump({ waiting }), [bypass.id]);
    assert.deepEqual([socket.wakes.length, file.wakes.length], [1, 1]);
  });

  test('passes over a path that cannot be used', async (t) => {
    const { mail, pump, socket, file, waker } = wakeBench(t);
    socket.reason = 'this Claude Code has none';
    assert.equal(waker.firstPath(), 'file-changed');
    const one = mail({ metadata: { permissionClass: 'asks', fromProject: 'old-app' } });
    assert.deepEqual(await pump(), [one.id]);
    assert.equal(file.wakes[0]?.fromName, 'old-app');
    file.reason = 'no hook';
    assert.equal(waker.firstPath(), undefined);
    mail();
    assert.deepEqual(await pump(), []);
    assert.deepEqual([socket.wakes.length, file.wakes.length], [0, 1]);
  });

  test('[M2] has one path outstanding: nothing more is given while a text is on its way', async (t) => {
    const { mail, pump, socket, transcript } = wakeBench(t);
    const first = mail();
    assert.deepEqual(await pump(), [first.id]);
    const second = mail();
    assert.deepEqual(await pump(), []);
    transcript.peerMessage(socket.wakes[0]?.text ?? '');
    assert.deepEqual(await pump(), [second.id]);
    assert.equal(socket.wakes.length, 2);
  });

  test('[M2] after a path has failed takes the next one, with a repeat, and no further one after the last', async (t) => {
    const { mail, pump, socket, file, desk, states } = wakeBench(t);
    const one = mail();
    await pump();
    desk.offers.fail(one.id);
    assert.deepEqual(await pump(), [one.id]);
    assert.deepEqual([socket.wakes.length, file.wakes.length], [1, 1]);
    assert.match(file.wakes[0]?.text ?? '', /repeat=/);
    assert.equal(socket.withdrawals, 1, 'what the first path still holds must not come after the repeat');
    desk.offers.fail(one.id);
    assert.deepEqual(await pump(), []);
    assert.deepEqual([socket.wakes.length, file.wakes.length], [1, 1]);
    assert.deepEqual(states(one).slice(2), ['offered: inbox-socket', 'offered: file-changed']);
  });

  test('[M3] mail that no path can bring does not keep later mail from waking the session', async (t) => {
    const { mail, pump, desk } = wakeBench(t);
    const stuck = mail();
    for (let attempt = 0; attempt < 2; attempt += 1) {
      await pump();
      desk.offers.fail(stuck.id);
    }
    const next = mail();
    assert.deepEqual(await pump(), [next.id]);
  });

  test('[M4] a path that did not take the text has offered nothing, and the next one gets it at once', async (t) => {
    const { mail, pump, socket, file, states, cap, clock, faults } = wakeBench(t);
    const one = mail();
    socket.result = { ok: false, reason: 'connect ECONNREFUSED' };
    assert.deepEqual(await pump(), [one.id]);
    assert.deepEqual([socket.wakes.length, file.wakes.length], [1, 1]);
    assert.match(String(faults), /inbox-socket: connect ECONNREFUSED/);
    assert.deepEqual(states(one), ['accepted', 'delivered', 'offered: file-changed']);
    assert.equal(cap.used(clock.now()), 1);
  });

  test('[M4] when no path takes it the message has been offered nowhere, and waits for the next step', async (t) => {
    const { mail, pump, socket, file, states, desk, cap, clock } = wakeBench(t);
    const one = mail();
    for (const path of [socket, file]) path.result = { ok: false, reason: 'gone' };
    assert.deepEqual(await pump(), []);
    assert.deepEqual(await pump(), []);
    assert.deepEqual([socket.wakes.length, file.wakes.length], [1, 1]);
    assert.deepEqual(states(one), ['accepted', 'delivered']);
    assert.equal(cap.used(clock.now()), 0);
    assert.deepEqual(idsOf(desk.takeFailed('hook-context')?.messages), [one.id]);
  });

  test('[S2] stops at the cap, and goes on when an hour has passed', async (t) => {
    const { mail, pump, transcript, socket, clock } = wakeBench(t, { perHour: 2 });
    for (let turn = 0; turn < 4; turn += 1) {
      mail();
      await pump();
      const text = socket.wakes.at(-1)?.text ?? '';
      transcript.peerMessage(text);
      transcript.assistant('I see.');
    }
    assert.equal(socket.wakes.length, 2);
    clock.offsetMs += 60 * 60 * 1000;
    const woken = await pump();
    assert.equal(woken.length, 2, 'what waited comes together');
    assert.equal(socket.wakes.length, 3);
  });

  test('[S2] is not done for what may not wake it, fresh or failed', async (t) => {
    const { mail, pump, desk, socket, file } = wakeBench(t);
    const note = mail({ type: 'note' });
    assert.deepEqual(await pump(), []);
    desk.take(desk.look().eligible, 'hook-context');
    desk.offers.fail(note.id);
    assert.deepEqual(await pump(), []);
    const query = mail();
    assert.deepEqual(await pump(), [query.id]);
    assert.deepEqual([socket.wakes.length, file.wakes.length], [1, 0]);
    assert.doesNotMatch(socket.wakes[0]?.text ?? '', new RegExp(note.id));
  });

  test('says of a sender that skips permissions that it does', async (t) => {
    const { mail, pump, socket, session } = wakeBench(t);
    session.permissionClass = 'bypasses';
    mail({ metadata: { permissionClass: 'bypasses' } });
    await pump();
    assert.deepEqual([socket.wakes[0]?.fromMode, socket.wakes[0]?.fromName], ['bypass', 'aaaaaa']);
  });

  test('does nothing, and withdraws nothing, when nothing waits', async (t) => {
    const { pump, socket, file } = wakeBench(t);
    assert.deepEqual(await pump(), []);
    assert.deepEqual(
      [socket.withdrawals, file.withdrawals, socket.wakes.length, file.wakes.length],
      [0, 0, 0, 0],
    );
  });
});
