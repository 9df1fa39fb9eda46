import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { findReceived } from '../../../src/mailbox/find-message.ts';
import { newMessageId } from '../../../src/protocol/ids.ts';
import { type Attended, attended, contextOf, looks, reaches, setAttention } from './attended.ts';

suite('an idle session', () => {
  test('[M4] is woken by a query; what it showed of it tells the sender that it was seen', async (t) => {
    const session = attended(t);
    const app = session.writer();
    const query = app.write();
    const text = await session.woken(1);
    assert.match(text, new RegExp(`app \\(${app.folder.id}\\) asks:[^]*<peer-message id="${query.id}"`));
    await reaches(app, query, 'offered: inbox-socket');
    session.transcript.peerMessage(text);
    await looks(session);
    assert.equal(app.states(query).at(-1), 'offered: inbox-socket');
    session.transcript.assistant('I look into it.');
    await reaches(app, query, 'seen: inbox-socket');
    assert.equal(findReceived(session.folder(), query.id)?.place, 'read');
    assert.deepEqual(session.faults, []);
  });

  test('[S2] is not woken by a note; it comes with the next prompt', async (t) => {
    const session = attended(t);
    const app = session.writer();
    const note = app.write({ type: 'note', content: 'v2 is out' });
    await looks(session);
    const query = app.write();
    assert.doesNotMatch(await session.woken(1), new RegExp(note.id));
    const answer = await session.hook('UserPromptSubmit');
    assert.match(contextOf(answer), /app \([a-z0-9]{6}\) notes:[^]*v2 is out/);
    assert.doesNotMatch(contextOf(answer), new RegExp(query.id));
    assert.equal(session.socket.wakes.length, 1);
  });

  test('[S2] is not woken for what a prompt had been given and what its conversation does not show', async (t) => {
    const session = attended(t);
    const app = session.writer();
    const note = app.write({ type: 'note' });
    assert.match(contextOf(await session.hook('UserPromptSubmit')), new RegExp(note.id));
    await session.hook('Stop');
    session.clock.offsetMs += 60_000;
    await looks(session);
    assert.deepEqual([session.socket.wakes.length, session.file.wakes.length], [0, 0]);
    const again = contextOf(await session.hook('UserPromptSubmit'));
    assert.match(again, /repeat="/);
  });

  test('[S2] that wants to be left alone is woken by answers to its own questions and nothing else', async (t) => {
    const session = attended(t);
    await setAttention(session, 'quiet');
    const app = session.writer();
    const question = session.tools.send('app', 'unused').sent;
    const asked = session.attendant.correspondent.send(session.attendant.correspondent.resolve('app'), {
      type: 'query',
      content: 'what is new?',
    });
    app.write();
    app.write({
      type: 'response',
      inReplyTo: question.id,
      content: 'to a note, which is no question of yours',
    });
    app.write({ type: 'response', inReplyTo: newMessageId(), content: 'to nothing' });
    await looks(session);
    const answer = app.write({ type: 'response', inReplyTo: asked.id, content: 'v2' });
    const text = await session.woken(1);
    assert.match(text, new RegExp(answer.id));
    assert.equal(session.socket.wakes.length, 1);
  });

  test('takes the second path when the first one brought nothing into the conversation, marked as a repeat', async (t) => {
    const session = attended(t);
    const app = session.writer();
    const query = app.write();
    await session.woken(1);
    const again = await session.woken(2);
    assert.deepEqual([session.socket.wakes.length, session.file.wakes.length], [1, 1]);
    assert.match(again, /repeat="/);
    session.transcript.prompt(again);
    session.transcript.assistant('I see.');
    await reaches(app, query, 'seen: file-changed');
    assert.deepEqual(app.states(query).slice(2), [
      'offered: inbox-socket',
      'offered: file-changed',
      'seen: file-changed',
    ]);
  });

  test('[S2] is woken no more often in an hour than its cap says', async (t) => {
    const session = attended(t, { limits: { peerTurnsPerHour: 3 } });
    const app = session.writer();
    const { cap } = session.attendant.peerTurns;
    assert.equal(cap, 3);
    for (let turn = 1; turn <= cap; turn += 1) {
      const query = app.write({ content: `question ${turn}` });
      session.transcript.peerMessage(await session.woken(turn));
      session.transcript.assistant('I see.');
      await reaches(app, query, 'seen: inbox-socket');
    }
    assert.equal(session.socket.wakes.length, cap);
    app.write({ content: 'one too many' });
    await looks(session);
    assert.equal(session.socket.wakes.length, cap);
    assert.deepEqual(session.attendant.peerTurns, { lastHour: cap, cap });
    assert.equal(contextOf(await session.hook('Stop')), '', 'the end of a turn causes no further one either');
    assert.match(contextOf(await session.hook('UserPromptSubmit')), /one too many/);
  });
});

suite('a busy session', () => {
  function busy(session: Attended): void {
    session.host.register({ status: 'busy' });
  }

  test('[M4] gets its mail between two steps, and the next step proves it', async (t) => {
    const session = attended(t);
    busy(session);
    const app = session.writer();
    const query = app.write();
    await looks(session);
    assert.equal(session.socket.wakes.length, 0);
    const answer = await session.hook('PostToolBatch');
    assert.equal(answer.hookSpecificOutput?.hookEventName, 'PostToolBatch');
    assert.match(contextOf(answer), new RegExp(query.id));
    assert.equal(app.states(query).at(-1), 'offered: hook-context');
    assert.deepEqual(await session.hook('PostToolBatch'), {}, 'once');
    session.transcript.hookContext('PostToolBatch', contextOf(answer));
    session.transcript.assistant('I see.');
    assert.deepEqual(await session.hook('Stop'), {});
    assert.equal(app.states(query).at(-1), 'seen: hook-context');
  });

  test('goes on at its end for a query, not for a note', async (t) => {
    const session = attended(t);
    busy(session);
    const app = session.writer();
    const note = app.write({ type: 'note' });
    assert.deepEqual(await session.hook('Stop'), {});
    const query = app.write();
    const answer = await session.hook('Stop');
    assert.match(contextOf(answer), new RegExp(query.id));
    assert.doesNotMatch(contextOf(answer), new RegExp(note.id));
    assert.equal(session.attendant.peerTurns.lastHour, 1);
  });

  test('[S2] that wants to be left alone ends its turn, and is given the query at its next step', async (t) => {
    const session = attended(t);
    busy(session);
    await setAttention(session, 'quiet');
    const query = session.writer().write();
    assert.deepEqual(await session.hook('Stop'), {});
    assert.match(contextOf(await session.hook('PostToolBatch')), new RegExp(query.id));
  });

  test('[S2] is not kept going without end by a host that keeps no record of its conversation', async (t) => {
    const session = attended(t);
    busy(session);
    session.writer().write();
    let turns = 0;
    while (turns < 50 && contextOf(await session.hook('Stop')) !== '') {
      turns += 1;
      session.clock.offsetMs += 10_000;
    }
    assert.ok(turns > 0 && turns < 10, `${turns} turns`);
  });

  test('is told of nothing in a subagent, whose calls of ours are known as such and let through', async (t) => {
    const session = attended(t);
    busy(session);
    const query = session.writer().write();
    for (const event of ['PostToolBatch', 'UserPromptSubmit', 'Stop'])
      assert.deepEqual(await session.hook(event, { agent: 'agent-1' }), {});
    const allowed = await session.hook('PreToolUse', { agent: 'agent-1', toolUse: 'toolu_1' });
    assert.equal(allowed.hookSpecificOutput?.permissionDecision, 'allow');
    await session.hook('PreToolUse', { toolUse: 'toolu_2' });
    assert.deepEqual(
      ['toolu_1', 'toolu_2', 'toolu_unknown'].map((id) => session.attendant.isMainCall(id)),
      [false, true, true],
    );
    assert.match(contextOf(await session.hook('PostToolBatch')), new RegExp(query.id));
  });

  test('where the host does not tell what the session does, its hooks do', async (t) => {
    const session = attended(t);
    session.host.register({ status: undefined });
    await session.hook('UserPromptSubmit');
    session.writer().write();
    await looks(session);
    assert.equal(session.socket.wakes.length, 0);
    assert.match(contextOf(await session.hook('Stop')), /what broke/);
  });
});
