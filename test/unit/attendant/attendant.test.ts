import assert from 'node:assert/strict';
import { existsSync, readdirSync, renameSync, rmSync, symlinkSync, unlinkSync } from 'node:fs';
import { suite, type TestContext, test } from 'node:test';
import * as fc from 'fast-check';
import { listPeers } from '../../../src/directory/peers.ts';
import { readSeatRecord, updateSeatRecord } from '../../../src/directory/seat-record.ts';
import { findReceived } from '../../../src/mailbox/find-message.ts';
import { statesOf } from '../../../src/mailbox/receipts.ts';
import { facadeOf, type SeatFolder, seatFolder } from '../../../src/mailbox/seat-folder.ts';
import { isSeatId, newMessageId } from '../../../src/protocol/ids.ts';
import { waitFor } from '../../../src/testing/wait-for.ts';
import { type Attended, attended, contextOf, looks, reaches, setAttention } from './attended.ts';

suite('a hook', () => {
  test('answers an empty object when nothing waits, at every moment', async (t) => {
    const session = attended(t);
    for (const event of [
      'UserPromptSubmit',
      'PostToolBatch',
      'Stop',
      'StopFailure',
      'SessionEnd',
      'Notification',
      '',
    ])
      assert.deepEqual(await session.hook(event), {});
  });

  test('[X2] answers a JSON object whatever it is given, and throws nothing', async (t) => {
    const session = attended(t);
    session.writer().write();
    const word = fc.oneof(
      fc.string({ maxLength: 12 }),
      fc.constantFrom('UserPromptSubmit', 'PostToolBatch', 'Stop', 'PreToolUse', '../..', '\u0000'),
    );
    const call = fc.record({
      event: word,
      conversation: fc.constantFrom('', 'c-1'),
      transcript: fc.constantFrom('', '/nowhere/c-1.jsonl', '\u0000/c-1.jsonl', '/dev/null'),
      permissionMode: word,
      agent: word,
      toolUse: word,
    });
    await fc.assert(
      fc.asyncProperty(call, async (given) => {
        const answer: unknown = await session.hook(given.event, given);
        assert.ok(typeof answer === 'object' && answer !== null && !Array.isArray(answer));
      }),
      { numRuns: 100, seed: 20261121 },
    );
  });

  test('answers an empty object when the mailbox cannot be read, and the fault is reported', async (t) => {
    const session = attended(t);
    const app = session.writer();
    app.write();
    const { inbox } = session.folder();
    renameSync(inbox, `${inbox}-aside`);
    symlinkSync('/tmp', inbox);
    assert.deepEqual(await session.hook('PostToolBatch'), {});
    assert.ok(session.faults.length > 0);
    unlinkSync(inbox);
    renameSync(`${inbox}-aside`, inbox);
    assert.match(contextOf(await session.hook('PostToolBatch')), /what broke/);
  });

  test('tells the person once of each held message, where they can see it, and the model nothing', async (t) => {
    const session = attended(t);
    await session.hook('UserPromptSubmit', { permissionMode: 'bypassPermissions' });
    const held = session.writer().write();
    await waitFor(() => session.attendant.desk().look().held.length === 1, { what: 'the message' });
    await session.attendant.pump();
    assert.deepEqual(await session.hook('SessionEnd', { permissionMode: '' }), {}, 'nobody sees it there');
    const answer = await session.hook('Stop', { permissionMode: 'bypassPermissions' });
    assert.match(
      answer.systemMessage ?? '',
      new RegExp(`a message of app \\(\\w{6}\\) is held for you: cahoots accept ${held.id}`),
    );
    assert.equal(answer.hookSpecificOutput, undefined);
    assert.deepEqual(await session.hook('Stop', { permissionMode: 'bypassPermissions' }), {});
    assert.equal(session.socket.wakes.length, 0);
  });
});

suite('a conversation that ends, comes back or moves', () => {
  /** A session on the seat of an older conversation of the project, which comes back at `loseIt`. */
  function aboutToMove(t: TestContext): { session: Attended; lost: SeatFolder; loseIt: () => void } {
    const older = attended(t, { conversation: 'c-0', pid: process.pid + 1_000_000 });
    const lost = older.folder();
    older.attendant.close();
    const { home } = older.host;
    const session = attended(t, { home });
    assert.equal(session.folder().id, lost.id);
    const loseIt = (): void => void attended(t, { home, conversation: 'c-0', pid: process.pid + 2_000_000 });
    return { session, lost, loseIt };
  }

  test('[S1] after /clear keeps the seat; what was on its way is offered again, marked as meant for the earlier one', async (t) => {
    const session = attended(t);
    const seat = session.folder().id;
    const app = session.writer();
    const query = app.write();
    const first = await session.woken(1);
    session.transcript.peerMessage(first);
    await session.hook('SessionEnd', { conversation: 'c-1' });
    session.host.register({ sessionId: 'c-cleared' });
    const again = await session.woken(2);
    assert.equal(session.folder().id, seat);
    assert.equal(session.socket.wakes.at(-1)?.conversation, 'c-cleared');
    assert.match(
      again,
      new RegExp(`id="${query.id}"[^>]*repeat="[^>]*note="meant for an earlier conversation`),
    );
    const cleared = session.host.transcript('c-cleared');
    cleared.peerMessage(again);
    cleared.assistant('I see.');
    await reaches(app, query, 'seen: inbox-socket');
  });

  test('[S1] that lost its seat to the conversation that had it first is told once, person and model', async (t) => {
    const { session, lost, loseIt } = aboutToMove(t);
    loseIt();
    await waitFor(() => session.attendant.seat().folder.id !== lost.id, { what: 'the move' });
    const answer = await session.hook('UserPromptSubmit');
    const now = session.folder().id;
    for (const text of [answer.systemMessage, contextOf(answer)])
      assert.match(
        text ?? '',
        new RegExp(`now sits on the seat [^ ]+ \\(${now}\\) instead of lib \\(${lost.id}\\)`),
      );
    assert.deepEqual(await session.hook('UserPromptSubmit'), {});
    session.writer().write();
    await session.woken(1);
  });

  test('[M1] what was claimed on a lost seat is there for who sits on it now', async (t) => {
    const { session, lost, loseIt } = aboutToMove(t);
    session.host.register({ status: 'busy' });
    const query = session.writer().write();
    await session.hook('PostToolBatch');
    assert.equal(findReceived(lost, query.id)?.place, 'claimed');
    loseIt();
    await waitFor(() => session.attendant.seat().folder.id !== lost.id, { what: 'the move' });
    // Who sits there now may have taken it up already.
    assert.notEqual(findReceived(lost, query.id), undefined);
    assert.equal(findReceived(lost, query.id)?.message.repeat, 1);
    assert.equal(session.attendant.desk().offers.get(query.id), undefined);
  });

  test('follows its record to where a hook says that it is', async (t) => {
    const session = attended(t);
    const app = session.writer();
    const query = app.write();
    const text = await session.woken(1);
    const elsewhere = session.host.transcript('elsewhere-c-1');
    elsewhere.peerMessage(text);
    await session.hook('UserPromptSubmit', { conversation: 'c-1', transcript: elsewhere.path });
    elsewhere.assistant('I see.');
    await reaches(app, query, 'seen: inbox-socket');
  });
});

suite('messages that cost no tokens', () => {
  test('a ping is answered at once, also on a closed seat, and its answer is not', async (t) => {
    const session = attended(t);
    await setAttention(session, 'closed');
    const app = session.writer();
    const ping = app.write({ type: 'ping', content: 'connected' });
    const pong = await waitFor(
      () =>
        readdirSync(app.folder.inbox)
          .map((name) => findReceived(app.folder, name.slice(0, -'.json'.length) as typeof ping.id)?.message)
          .find((message) => message?.inReplyTo === ping.id),
      { what: 'the pong' },
    );
    assert.deepEqual([pong.type, pong.content], ['ping', 'connected']);
    app.write({ type: 'ping', content: 'pong', inReplyTo: newMessageId() });
    app.write({ type: 'session-ended', content: '' });
    await looks(session);
    assert.equal(readdirSync(app.folder.inbox).filter((name) => name.endsWith('.json')).length, 1);
    assert.deepEqual(await session.hook('UserPromptSubmit'), {});
    assert.equal(session.socket.wakes.length, 0);
  });

  test('a ping ends no call but the one that pinged', async (t) => {
    const session = attended(t);
    const app = session.writer();
    session.host.register({ status: 'busy' });
    const asking = session.tools.ask('app', '?', { waitSeconds: 60, signal: undefined, isMain: true });
    const question = await waitFor(() => session.attendant.waits.asked()[0], { what: 'the question' });
    app.write({ type: 'ping', content: 'pong', inReplyTo: question });
    await looks(session);
    app.write({ type: 'response', content: 'yes', inReplyTo: question });
    assert.equal((await asking).end.kind, 'mail');
  });

  test('[M6] an answer of a session of v1, which writes no receipts, marks the question as answered', async (t) => {
    const session = attended(t);
    const app = session.writer();
    const { correspondent } = session.attendant;
    const question = correspondent.send(correspondent.resolve('app'), {
      type: 'query',
      content: 'what is new?',
    });
    app.write({ type: 'response', inReplyTo: question.id, content: 'v2' });
    session.transcript.peerMessage(await session.woken(1));
    session.transcript.assistant('I see.');
    await waitFor(() => statesOf(session.folder(), question.id).some(({ state }) => state === 'answered'), {
      what: 'the state "answered"',
    });
  });
});

suite('a message that the model names before its conversation proves anything', () => {
  test('[M6] marks the question of which it is the answer, as one that is proved does', async (t) => {
    const session = attended(t);
    session.host.register({ status: 'busy' });
    const app = session.writer();
    const { correspondent } = session.attendant;
    const question = correspondent.send(correspondent.resolve('app'), {
      type: 'query',
      content: 'what is new?',
    });
    const answer = app.write({
      type: 'response',
      inReplyTo: question.id,
      content: 'v2; which one have you?',
    });
    await session.hook('PostToolBatch');
    session.tools.reply(answer.id, 'v1');
    assert.ok(statesOf(session.folder(), question.id).some(({ state }) => state === 'answered'));
  });
});

suite('an attendant', () => {
  test('[S1] takes a seat for a person’s session by itself, and shows what the session does', async (t) => {
    const session = attended(t);
    const state = (): string | undefined => readSeatRecord(session.folder())?.state;
    assert.equal(state(), 'idle');
    for (const status of ['busy', 'waiting', 'idle']) {
      session.host.register({ status });
      await waitFor(() => state() === status, { what: `the state ${status}` });
    }
    assert.equal(readSeatRecord(session.folder())?.deliveryPath, 'inbox-socket');
    session.socket.reason = 'gone';
    session.file.reason = 'gone';
    await waitFor(() => readSeatRecord(session.folder())?.deliveryPath === 'hook-context', {
      what: 'the path',
    });
  });

  test('[S1] in a one-shot or SDK session takes no seat and no mail until a tool is called, and leaves none', async (t) => {
    const session = attended(t, { env: { CLAUDE_CODE_ENTRYPOINT: 'sdk-cli' } });
    assert.deepEqual(await session.hook('UserPromptSubmit'), {});
    assert.deepEqual(listPeers(session.host.root, Date.now()), []);
    assert.throws(() => session.attendant.seat(), /has left its seat/);
    assert.deepEqual(session.tools.peers(), []);
    const { id } = session.folder();
    assert.equal(readSeatRecord(session.folder())?.ephemeral, true);
    session.writer().write({ type: 'note' });
    await looks(session);
    assert.deepEqual(await session.hook('UserPromptSubmit'), {}, 'mail comes by tools alone');
    assert.match(session.tools.inbox({ signal: undefined, isMain: true }) ?? '', /what broke/);
    session.attendant.desk().releaseAll();
    rmSync(seatFolder(session.host.root, id).inbox, { recursive: true });
    session.attendant.close();
    assert.equal(existsSync(seatFolder(session.host.root, id).path), false);
  });

  test('[M3] that leaves its seat ends every wait, gives back what was not seen and tells its peers', async (t) => {
    const session = attended(t);
    const app = session.writer();
    session.host.register({ status: 'busy' });
    const query = app.write();
    await session.hook('PostToolBatch');
    // A peer is told only while it is here.
    await updateSeatRecord(session.host.root, app.folder, {
      holder: readSeatRecord(session.folder())?.holder ?? null,
    });
    const context = { signal: undefined, isMain: true };
    const asking = session.tools.ask('app', 'still there?', {
      waitSeconds: 60,
      ...context,
    });
    const listening = session.tools.listen({ waitSeconds: 60, ...context });
    const folder = session.folder();
    session.attendant.leave();
    assert.equal(
      (await asking.catch((error: unknown) => ({ end: { kind: String(error) } }))).end.kind,
      'closed',
    );
    assert.equal((await listening).kind, 'closed');
    assert.equal(findReceived(folder, query.id)?.place, 'inbox');
    assert.equal(readSeatRecord(folder)?.state, 'away');
    assert.equal(existsSync(facadeOf(session.host.root, folder.id).path), false);
    const types = readdirSync(app.folder.inbox).map(
      (name) => findReceived(app.folder, name.slice(0, -'.json'.length) as typeof query.id)?.message.type,
    );
    assert.ok(types.includes('session-ended'), types.join());
    assert.deepEqual(await session.hook('UserPromptSubmit'), {});
    session.attendant.leave();
  });

  test('[M2] that takes its seat again offers what was given back, as a possible repeat', async (t) => {
    const session = attended(t);
    session.host.register({ status: 'busy' });
    const query = session.writer().write();
    await session.hook('PostToolBatch');
    const { id } = session.folder();
    session.attendant.leave();
    session.attendant.takeSeat();
    assert.equal(session.folder().id, id);
    const again = contextOf(await session.hook('PostToolBatch'));
    assert.match(again, new RegExp(`id="${query.id}"[^>]*repeat=`));
  });

  test('that has closed takes no seat any more, and may be closed again', (t) => {
    const session = attended(t);
    session.attendant.close();
    session.attendant.close();
    session.attendant.takeSeat();
    assert.throws(() => session.attendant.seat(), /has left its seat/);
    assert.throws(() => session.attendant.desk(), /has left its seat/);
    assert.deepEqual(
      listPeers(session.host.root, Date.now()).map(({ state }) => state),
      ['away'],
    );
  });

  test('[M3] whose mailboxes were removed under it still ends, with every wait of its', async (t) => {
    const session = attended(t);
    session.host.register({ status: 'busy' });
    const app = session.writer();
    app.write();
    await session.hook('PostToolBatch');
    const listening = session.tools.listen({ waitSeconds: 60, signal: undefined, isMain: true });
    rmSync(session.host.root, { recursive: true });
    session.attendant.close();
    assert.equal((await listening).kind, 'closed');
    assert.ok(session.faults.length > 0);
  });

  test('that could not settle in on its seat says so, and does when it can', async (t) => {
    const first = attended(t);
    const folder = first.folder();
    first.attendant.close();
    renameSync(folder.outbox, `${folder.outbox}-aside`);
    symlinkSync('/tmp', folder.outbox);
    const session = attended(t, { home: first.host.home, isStarted: false, pid: process.pid + 7_000_000 });
    assert.throws(() => session.attendant.start(), /is a link/);
    unlinkSync(folder.outbox);
    renameSync(`${folder.outbox}-aside`, folder.outbox);
    session.attendant.takeSeat();
    assert.ok(isSeatId(session.folder().id));
    session.writer().write();
    await session.woken(1);
  });
});
