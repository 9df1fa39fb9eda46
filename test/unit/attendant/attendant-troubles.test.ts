import assert from 'node:assert/strict';
import { renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite, test } from 'node:test';
import { SeatHold } from '../../../src/directory/seat-hold.ts';
import { deferred } from '../../../src/lib/deferred.ts';
import { waitFor } from '../../../src/testing/wait-for.ts';
import { renderAsk } from '../../../src/tools/render.ts';
import { otherProcess } from '../../fixtures/temp-root.ts';
import { type Attended, attended, contextOf, looks, reaches, setAttention } from './attended.ts';

const MAIN = { isMain: true, signal: undefined } as const;

/** Takes the seat away as a session with the older right to it does. */
function preempt(session: Attended): void {
  SeatHold.acquire(session.folder(), { process: otherProcess(), conversation: 'c-old', preempt: true });
}

suite('one question is no lasting pass', () => {
  for (const [what, type] of [
    ['a note', 'note'],
    ['a ping', 'ping'],
  ] as const) {
    test(`[S2] a response that names ${what} of this seat is held as any other message`, async (t) => {
      const session = attended(t);
      const app = session.writer();
      const { correspondent } = session.attendant;
      const own = correspondent.send(correspondent.resolve('app'), { type, content: 'hello' });
      await setAttention(session, 'closed');
      const poke = app.write({ type: 'response', inReplyTo: own.id, content: 'poke' });
      await looks(session);
      assert.match(app.states(poke).at(-1) ?? '', /^held/);
      assert.equal(session.socket.wakes.length, 0);
    });
  }

  test('[S2] only the first response to a query passes the gate unasked, also after a restart', async (t) => {
    const session = attended(t);
    const app = session.writer();
    const { correspondent } = session.attendant;
    const query = correspondent.send(correspondent.resolve('app'), { type: 'query', content: 'what?' });
    session.host.settings({ crossSessionInbound: 'refuse' });
    const answer = app.write({ type: 'response', inReplyTo: query.id, content: 'this' });
    session.transcript.peerMessage(await session.woken(1));
    session.transcript.assistant('I see.');
    await reaches(app, answer, 'seen: inbox-socket');
    const second = app.write({ type: 'response', inReplyTo: query.id, content: 'and that' });
    await looks(session);
    assert.match(app.states(second).at(-1) ?? '', /^refused/);
    session.attendant.close();
    const again = attended(t, { home: session.host.home });
    const third = app.write({ type: 'response', inReplyTo: query.id, content: 'and more' }, again.folder());
    await looks(again);
    assert.match(app.states(third).at(-1) ?? '', /^refused/);
    assert.equal(session.socket.wakes.length + again.socket.wakes.length, 1);
  });
});

suite('mail that no path could bring', () => {
  test('[M1] is there when the model reads its inbox', async (t) => {
    const session = attended(t);
    const app = session.writer();
    session.socket.result = { ok: false, reason: 'broken' };
    session.file.result = { ok: false, reason: 'broken' };
    const query = app.write();
    await waitFor(() => session.file.wakes.length > 0, { what: 'both paths to be tried' });
    await looks(session);
    assert.equal(session.tools.status().waiting, 1);
    assert.match(session.tools.inbox(MAIN) ?? '', new RegExp(query.id));
  });
});

suite('a session whose surroundings change', () => {
  test('takes its seat by a later hook when that was impossible at its start', async (t) => {
    const session = attended(t, { isStarted: false });
    const seats = join(session.host.root, 'seats');
    renameSync(seats, `${seats}-aside`);
    writeFileSync(seats, '');
    assert.throws(() => session.attendant.start());
    rmSync(seats);
    renameSync(`${seats}-aside`, seats);
    await session.hook('UserPromptSubmit');
    assert.match(session.attendant.seat().record.name, /^lib/);
  });

  test('takes its seat by a later hook when the person had it come back and that was impossible', async (t) => {
    const session = attended(t);
    session.tools.stop();
    const seats = join(session.host.root, 'seats');
    renameSync(seats, `${seats}-aside`);
    writeFileSync(seats, '');
    assert.throws(() => session.tools.start());
    rmSync(seats);
    renameSync(`${seats}-aside`, seats);
    await session.hook('UserPromptSubmit');
    assert.match(session.attendant.seat().record.name, /^lib/);
  });

  test('takes none by a hook once the person had it leave', async (t) => {
    const session = attended(t);
    session.tools.stop();
    await session.hook('UserPromptSubmit');
    assert.throws(() => session.attendant.seat(), { code: 'seat-missing' });
  });

  test('[M2] takes back what a path still holds when the conversation changes, the seat is left, or moves', async (t) => {
    const session = attended(t);
    const before = session.file.withdrawals;
    session.host.register({ sessionId: 'c-2' });
    await looks(session);
    const afterClear = session.file.withdrawals;
    assert.ok(afterClear > before);
    preempt(session);
    await looks(session);
    const afterMove = session.file.withdrawals;
    assert.ok(afterMove > afterClear);
    session.tools.stop();
    assert.ok(session.file.withdrawals > afterMove);
  });

  test('[M3] ends an ask when its peer has been away for a while, and says so', async (t) => {
    const session = attended(t);
    const other = attended(t, {
      home: session.host.home,
      project: 'other',
      conversation: 'c-2',
      pid: process.ppid,
    });
    const { name } = other.attendant.seat().record;
    const asking = session.tools.ask(name, 'what?', { waitSeconds: 60, ...MAIN });
    await looks(session);
    other.attendant.close();
    await looks(session);
    session.clock.offsetMs += 10_000;
    await looks(session);
    const outcome = await asking;
    assert.equal(outcome.end.kind, 'away');
    assert.match(renderAsk(outcome), /pending \(.* 10 s ago; the peer is away\)/);
  });

  test('[M3] ends an ask when its own seat is taken away, and names the seat that the answer comes to', async (t) => {
    const session = attended(t);
    session.writer();
    const old = session.folder().id;
    const asking = session.tools.ask('app', 'what?', { waitSeconds: 60, ...MAIN });
    await looks(session);
    preempt(session);
    await looks(session);
    const outcome = await asking;
    assert.deepEqual(outcome.end, { kind: 'moved', from: old });
    assert.match(renderAsk(outcome), new RegExp(`whoever sits on ${old}`));
  });

  test('[S2] forgets the queries that only an earlier conversation knows', async (t) => {
    const session = attended(t);
    session.host.register({ status: 'busy' });
    const app = session.writer();
    app.write();
    await session.hook('PostToolBatch');
    assert.equal(session.tools.status().openQueries.length, 1);
    session.host.register({ sessionId: 'c-2' });
    await looks(session);
    assert.equal(session.tools.status().openQueries.length, 0);
  });
});

suite('turns that peers cause', () => {
  test('[S2] a session that a program drives is woken by nobody', async (t) => {
    const session = attended(t, { isStarted: false, env: { CLAUDE_CODE_ENTRYPOINT: 'sdk-ts' } });
    session.tools.peers();
    const query = session.writer().write();
    await looks(session);
    assert.equal(session.socket.wakes.length, 0);
    assert.match(session.tools.inbox(MAIN) ?? '', new RegExp(query.id));
  });

  test('[S2] are counted also when a turn ends while a wake is under way', async (t) => {
    const session = attended(t, { limits: { peerTurnsPerHour: 1 } });
    const app = session.writer();
    const taken = deferred<{ ok: true }>();
    session.socket.wake = async (wake) => {
      session.socket.wakes.push(wake);
      return await taken.promise;
    };
    app.write({ content: 'one' });
    await session.woken(1);
    app.write({ content: 'two' });
    const atStop = contextOf(await session.hook('Stop'));
    taken.resolve({ ok: true });
    assert.equal(atStop, '');
    await looks(session);
    assert.equal(session.attendant.peerTurns.lastHour, 1);
  });

  test('[S2] are counted across a restart', async (t) => {
    const session = attended(t, { limits: { peerTurnsPerHour: 1 } });
    const app = session.writer();
    const query = app.write();
    session.transcript.peerMessage(await session.woken(1));
    session.transcript.assistant('I see.');
    await reaches(app, query, 'seen: inbox-socket');
    await looks(session);
    session.attendant.close();
    const again = attended(t, { home: session.host.home, limits: { peerTurnsPerHour: 1 } });
    app.write({ content: 'one too many' }, again.folder());
    await looks(again);
    assert.deepEqual(again.attendant.peerTurns, { lastHour: 1, cap: 1 });
    assert.equal(again.socket.wakes.length, 0);
  });

  test('[S2] a chain of questions back and forth ends at the limit of hops', (t) => {
    const session = attended(t);
    const app = session.writer();
    const { correspondent } = session.attendant;
    let query = correspondent.send(correspondent.resolve('app'), { type: 'query', content: '0' });
    const ask = (): void => {
      const { sent } = app.correspondent.reply(query.id, 'what do you mean?');
      query = correspondent.reply(sent.id, 'this').sent;
    };
    assert.throws(
      () => {
        for (let turn = 0; turn < 20; turn += 1) ask();
      },
      { code: 'message-refused' },
    );
    assert.equal(query.hops, session.host.config.limits.maxHops);
  });
});
