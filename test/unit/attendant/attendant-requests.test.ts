import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { readJournalTail } from '../../../src/mailbox/journal-tail.ts';
import { statesOf } from '../../../src/mailbox/receipts.ts';
import type { MessageId } from '../../../src/protocol/ids.ts';
import type { Message } from '../../../src/protocol/message.ts';
import { renderAsk } from '../../../src/tools/render.ts';
import { type Attended, attended, contextOf, looks, setAttention } from './attended.ts';

const MAIN = { isMain: true, signal: undefined } as const;

/** A request of the attended session to its peer, and the peer's word about it. */
function requested(session: Attended): {
  sent: Message;
  app: ReturnType<Attended['writer']>;
  says: (step: 'accepted' | 'working' | 'declined', note: string) => Message;
} {
  const app = session.writer();
  const { correspondent } = session.attendant;
  const sent = correspondent.send(correspondent.resolve('app'), {
    type: 'query',
    content: 'Fix the bug in login.',
    request: true,
  });
  return { sent, app, says: (step, note) => app.correspondent.progress(sent.id, { step, note }) };
}

function states({ folder }: Attended, id: MessageId): string[] {
  return statesOf(folder(), id).map(({ state, reason }) =>
    reason === undefined ? state : `${state}: ${reason}`,
  );
}

suite('work that a session asks a peer for', () => {
  test('goes through accepted, working with notes, and done, and the session is woken at its end only', async (t) => {
    const session = attended(t);
    const { sent, app, says } = requested(session);
    says('accepted', 'on it');
    says('working', 'the test fails here too');
    says('working', 'publishing 2.0.1');
    await looks(session);
    assert.equal(session.socket.wakes.length, 0);
    assert.deepEqual(states(session, sent.id).slice(2), [
      'work-accepted: on it',
      'working: the test fails here too',
      'working: publishing 2.0.1',
    ]);
    const { sent: result } = app.correspondent.reply(sent.id, 'Published 2.0.1, please retest.');
    const text = await session.woken(1);
    assert.match(text, /3 messages|4 messages|answers/);
    assert.ok(text.includes(result.id), text);
    assert.equal(states(session, sent.id).at(-1), 'answered');
  });

  test('wakes it when the peer declines', async (t) => {
    const session = attended(t);
    const { sent, says } = requested(session);
    says('declined', 'not before the release');
    const text = await session.woken(1);
    assert.match(text, /type="progress" step="declined"/);
    assert.equal(states(session, sent.id).at(-1), 'refused: declined: not before the release');
  });

  test('tells the call that waits what the peer says first', async (t) => {
    const session = attended(t);
    const app = session.writer();
    const asking = session.tools.ask('app', 'Fix it.', { waitSeconds: 30, request: true, ...MAIN });
    const [id] = session.attendant.waits.asked();
    assert.ok(id !== undefined);
    app.correspondent.progress(id, { step: 'accepted', note: 'on it' });
    assert.match(renderAsk(await asking), /step="accepted"[^]*on it[^]*You will be told when it is done/);
  });

  test('can be called off; the result that comes all the same arrives', async (t) => {
    const session = attended(t);
    const { sent, app } = requested(session);
    session.tools.progress(sent.id, 'found it ourselves', 'cancelled');
    assert.equal(states(session, sent.id).at(-1), 'cancelled: found it ourselves');
    assert.throws(() => app.correspondent.progress(sent.id, { step: 'cancelled', note: '' }), {
      code: 'message-not-answerable',
    });
    app.correspondent.reply(sent.id, 'done anyway');
    assert.match(await session.woken(1), /done anyway/);
  });

  test('passes no gate for anybody else: what names no request of the two is refused', async (t) => {
    const session = attended(t);
    await setAttention(session, 'closed');
    const { sent } = requested(session);
    const other = session.writer('other');
    const forged = other.write({
      type: 'progress',
      inReplyTo: sent.id,
      content: 'I am done',
    });
    const question = session.attendant.correspondent.send(session.attendant.correspondent.resolve('other'), {
      type: 'query',
      content: 'What is it?',
    });
    const noRequest = other.write({
      type: 'progress',
      inReplyTo: question.id,
      content: 'hm',
    });
    await looks(session);
    for (const message of [forged, noRequest])
      assert.match(other.states(message).at(-1) ?? '', /^refused: it names no request/);
  });
});

suite('work that a peer asks this session for', () => {
  test('is put before it as such, with how to say yes, no and done', async (t) => {
    const session = attended(t);
    const app = session.writer();
    const request = app.write({ request: true, content: 'Fix the bug.' });
    const text = await session.woken(1);
    assert.match(text, /app \(\w+\) asks for work:[^]*type="request"[^]*Fix the bug\.[^]*step="accepted"/);
    session.tools.progress(request.id, 'on it', 'accepted');
    session.tools.progress(request.id, 'tests run', 'working');
    assert.deepEqual(
      session.tools.status().openQueries.map(({ id }) => id),
      [request.id],
    );
    session.tools.reply(request.id, 'done');
    assert.deepEqual(session.tools.status().openQueries, []);
    const steps = readJournalTail(session.host.root, 100).filter(({ message }) => message === request.id);
    assert.deepEqual(
      steps.map(({ state }) => state).filter((state) => state.startsWith('work') || state === 'answered'),
      ['work-accepted', 'working', 'answered'],
    );
  });

  test('is not its concern any more once it was called off, which it hears at its next step', async (t) => {
    const session = attended(t);
    session.host.register({ status: 'busy' });
    const app = session.writer();
    const request = app.write({ request: true, content: 'Fix the bug.' });
    await session.hook('PostToolBatch');
    app.correspondent.progress(request.id, { step: 'cancelled', note: 'not needed' });
    assert.match(contextOf(await session.hook('PostToolBatch')), /step="cancelled"[^]*not needed/);
    assert.deepEqual(session.tools.status().openQueries, []);
  });

  test('cannot be reported on when it was none', async (t) => {
    const session = attended(t);
    const app = session.writer();
    const query = app.write();
    await session.woken(1);
    assert.throws(() => session.tools.progress(query.id, 'on it', 'accepted'), {
      code: 'message-not-answerable',
      message: /is no request for work/,
    });
  });
});
