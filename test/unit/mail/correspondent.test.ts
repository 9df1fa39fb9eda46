import assert from 'node:assert/strict';
import { suite, type TestContext, test } from 'node:test';
import { requireMessageId } from '../../../src/client/mail/reply.ts';
import { unansweredError } from '../../../src/client/mail/wait-errors.ts';
import { type OpenSeat, openOrMakeOwnSeat } from '../../../src/client/seats/open-seat.ts';
import { updateSeatRecord } from '../../../src/directory/seat-record.ts';
import { findReceived, findSent } from '../../../src/mailbox/find-message.ts';
import { statesOf } from '../../../src/mailbox/receipts.ts';
import { CahootsError, type ErrorCode } from '../../../src/protocol/errors.ts';
import type { MessageId } from '../../../src/protocol/ids.ts';
import { MESSAGE_STATES } from '../../../src/protocol/receipt.ts';
import { clientBench } from '../../fixtures/client-context.ts';

async function seats(t: TestContext): Promise<{ root: string; app: OpenSeat; lib: OpenSeat }> {
  const bench = clientBench(t);
  const open = async (name: string): Promise<OpenSeat> =>
    (await openOrMakeOwnSeat(bench.context(name), { use: 'take' })).seat;
  return { root: bench.root, app: await open('app'), lib: await open('lib') };
}

function code(expected: ErrorCode): (error: unknown) => boolean {
  return (error) => error instanceof CahootsError && error.code === expected;
}

suite('a correspondent', () => {
  test('says who speaks to whom', async (t) => {
    const { root, app, lib } = await seats(t);
    await updateSeatRecord(root, lib.folder, { conversation: 'conversation-1' });
    const sent = app.correspondent.send(app.correspondent.resolve('lib'), { type: 'query', content: '?' });
    assert.equal(sent.metadata.fromName, 'app');
    assert.equal(sent.metadata.fromKind, 'shell');
    assert.equal(sent.metadata.permissionClass, 'asks');
    assert.equal(sent.metadata.toConversation, 'conversation-1');
    assert.deepEqual([sent.thread, sent.hops, sent.expectsReply], [sent.id, 0, true]);
  });

  test('does not write to its own seat, nor further than so many hops', async (t) => {
    const { app } = await seats(t);
    assert.throws(() => app.correspondent.resolve('app'), code('peer-is-self'));
    const lib = app.correspondent.resolve('lib');
    assert.throws(
      () => app.correspondent.send(lib, { type: 'query', content: '?', hops: 7 }),
      code('message-refused'),
    );
  });

  test('answers a query with a response, a response with a query, a note with a note, in one thread', async (t) => {
    const { app, lib } = await seats(t);
    const query = app.correspondent.send(app.correspondent.resolve('lib'), { type: 'query', content: '1' });
    const response = lib.correspondent.reply(query.id, '2').sent;
    const again = app.correspondent.reply(response.id, '3').sent;
    assert.deepEqual(
      [response, again].map(({ type, inReplyTo, thread }) => ({ type, inReplyTo, thread })),
      [
        { type: 'response', inReplyTo: query.id, thread: query.id },
        { type: 'query', inReplyTo: response.id, thread: query.id },
      ],
    );
    assert.equal(statesOf(app.folder, query.id).at(-1)?.state, 'answered');
    const note = app.correspondent.send(app.correspondent.resolve('lib'), { type: 'note', content: 'n' });
    assert.equal(lib.correspondent.reply(note.id, 'm').sent.type, 'note');
  });

  test('says so when a newer conversation of the seat answers', async (t) => {
    const { root, app, lib } = await seats(t);
    await updateSeatRecord(root, lib.folder, { conversation: 'old' });
    const query = app.correspondent.send(app.correspondent.resolve('lib'), { type: 'query', content: '?' });
    assert.equal(lib.correspondent.reply(query.id, 'a').sent.metadata.answeredBy, 'same');
    await updateSeatRecord(root, lib.folder, { conversation: 'new' });
    assert.equal(lib.correspondent.reply(query.id, 'b').sent.metadata.answeredBy, 'newer');
  });

  test('does not answer what it has not received, what it sent itself, or a ping', async (t) => {
    const { app, lib } = await seats(t);
    const ping = app.correspondent.send(app.correspondent.resolve('lib'), { type: 'ping', content: 'x' });
    assert.throws(() => lib.correspondent.reply(ping.id, 'x'), code('message-not-answerable'));
    assert.throws(() => app.correspondent.reply(ping.id, 'x'), /It is a message that this seat sent\./);
    assert.throws(
      () => app.correspondent.reply('msg-zzzzzzzzzzzz' as MessageId, 'x'),
      code('message-unknown'),
    );
  });
});

suite('a message', () => {
  test('is found at its receiver wherever it is by now, and at its sender', async (t) => {
    const { app, lib } = await seats(t);
    const { id } = app.correspondent.send(app.correspondent.resolve('lib'), { type: 'note', content: 'x' });
    assert.equal(findReceived(lib.folder, id)?.place, 'inbox');
    const claimed = lib.inbox.claim(id);
    assert.ok(claimed);
    assert.equal(findReceived(lib.folder, id)?.place, 'claimed');
    lib.inbox.settle(claimed);
    assert.equal(findReceived(lib.folder, id)?.place, 'read');
    assert.equal(findSent(app.folder, id)?.message.content, 'x');
    assert.equal(findReceived(app.folder, id), undefined);
    assert.equal(findSent(lib.folder, id), undefined);
  });

  test('has an id of one form only', () => {
    assert.equal(requireMessageId('msg-abcdefghij12'), 'msg-abcdefghij12');
    for (const bad of ['', 'msg-', 'msg-ABCDEFGHIJKL', 'msg-abcdefghij12/..', ' msg-abcdefghij12'])
      assert.throws(() => requireMessageId(bad), code('usage'), bad);
  });
});

test('every state in which a question can be without an answer has an error that says what to do', async (t) => {
  const { app } = await seats(t);
  const sent = app.correspondent.send(app.correspondent.resolve('lib'), { type: 'query', content: '?' });
  const statuses = MESSAGE_STATES.map((state) => {
    const outcome = { sent, state, reason: 'why', response: undefined, claimed: undefined };
    const error = unansweredError(outcome, { name: 'lib', waitMs: 90_000 });
    assert.match(error.message, /lib/);
    assert.notEqual(error.remedy, '');
    return [state, error.exitStatus];
  });
  assert.deepEqual(Object.fromEntries(statuses), {
    accepted: 4,
    delivered: 4,
    held: 5,
    offered: 4,
    seen: 4,
    answered: 4,
    refused: 5,
    expired: 5,
    undeliverable: 5,
    'work-accepted': 4,
    working: 4,
    cancelled: 5,
  });
});
