import assert from 'node:assert/strict';
import { mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { suite, type TestContext, test } from 'node:test';
import type { ToolContext } from '../../../src/attendant/session-tools.ts';
import { readSeatRecord } from '../../../src/directory/seat-record.ts';
import { setVerdict } from '../../../src/directory/trust.ts';
import { findReceived, findSent } from '../../../src/mailbox/find-message.ts';
import { markAccepted } from '../../../src/mailbox/inbox.ts';
import { statesOf } from '../../../src/mailbox/receipts.ts';
import { facadeOf } from '../../../src/mailbox/seat-folder.ts';
import { CahootsError, type ErrorCode } from '../../../src/protocol/errors.ts';
import { newMessageId, type SeatId } from '../../../src/protocol/ids.ts';
import type { Message } from '../../../src/protocol/message.ts';
import { waitFor } from '../../../src/testing/wait-for.ts';
import { type Attended, attended, contextOf } from './attended.ts';

const MAIN: ToolContext = { signal: undefined, isMain: true };
const SUBAGENT: ToolContext = { signal: undefined, isMain: false };
const LONG = { ...MAIN, waitSeconds: 60 };

let sessions = 0;

/** Two sessions of one person, in the projects `app` and `lib`, both at work, so that nothing wakes them. */
function pair(t: TestContext): { app: Attended; lib: Attended } {
  const lib = attended(t, { project: 'lib', conversation: 'c-lib' });
  const app = another(t, lib, 'app');
  lib.host.register({ status: 'busy' });
  return { app, lib };
}

function another(t: TestContext, { host }: Attended, project: string): Attended {
  sessions += 1;
  const pid = process.pid + sessions * 1_000_000;
  const session = attended(t, { home: host.home, project, conversation: `c-${project}`, pid });
  session.host.register({ status: 'busy' });
  return session;
}

function withCode(code: ErrorCode): (error: unknown) => boolean {
  return (error) => error instanceof CahootsError && error.code === code;
}

/** The id of the message that the next hook puts before the model. */
async function offeredId(session: Attended): Promise<Message['id']> {
  const id = await waitFor(
    async () => /id="(msg-[a-z0-9]{12})"/.exec(contextOf(await session.hook('PostToolBatch')))?.[1],
    {
      what: 'a message',
    },
  );
  return id as Message['id'];
}

async function states(session: Attended, id: Message['id']): Promise<string> {
  await session.attendant.pump();
  return statesOf(session.folder(), id)
    .map(({ state }) => state)
    .join(' ');
}

suite('asking a peer', () => {
  test('returns the answer to the call that asked, and the sender knows each step', async (t) => {
    const { app, lib } = pair(t);
    const asking = app.tools.ask('lib', 'what broke in v2?', LONG);
    const id = await offeredId(lib);
    const { sent } = lib.tools.reply(id, 'render() is gone');
    const outcome = await asking;
    assert.equal(outcome.id, id);
    assert.ok(outcome.end.kind === 'mail');
    assert.match(outcome.end.mail.text, /lib \([a-z0-9]{6}\) answers:[^]*render\(\) is gone/);
    assert.deepEqual([sent.type, sent.inReplyTo], ['response', id]);
    assert.equal(await states(app, id), 'accepted delivered offered seen answered');
  });

  test('[M3] two sessions that ask each other both get the other’s question, and then their answers', async (t) => {
    const { app, lib } = pair(t);
    const first = app.tools.ask('lib', 'what broke?', LONG);
    const second = lib.tools.ask('app', 'how do you call it?', LONG);
    const ends = await Promise.all([first, second]);
    const kinds = ends.map(({ end }) => end.kind).sort();
    assert.deepEqual(kinds, ['mail', 'mail']);
    for (const [session, { end }] of [
      [app, ends[0]],
      [lib, ends[1]],
    ] as const) {
      assert.ok(end.kind === 'mail');
      const [query] = end.mail.messages;
      assert.equal(query?.type, 'query');
      session.tools.reply(query.id, 'like this');
    }
    for (const [session, { id }] of [
      [app, ends[0]],
      [lib, ends[1]],
    ] as const)
      await waitFor(async () => (await states(session, id)).endsWith('answered'), { what: 'the answer' });
  });

  test('[M3] three sessions that ask each other in a circle all get something to do', async (t) => {
    const { app, lib } = pair(t);
    const doc = another(t, lib, 'doc');
    const ends = await Promise.all([
      app.tools.ask('lib', 'what broke?', LONG),
      lib.tools.ask('doc', 'what did you write?', LONG),
      doc.tools.ask('app', 'how is it called?', LONG),
    ]);
    assert.deepEqual(
      ends.map(({ end }) => end.kind),
      ['mail', 'mail', 'mail'],
    );
  });

  test('[M3] ends with what is known when nobody answers in time, and the answer comes later as a message', async (t) => {
    const { app, lib } = pair(t);
    const outcome = await app.tools.ask('lib', 'what broke?', { ...MAIN, waitSeconds: 0 });
    assert.deepEqual([outcome.end.kind, outcome.state, outcome.peer.name], ['timeout', 'delivered', 'lib']);
    lib.tools.reply(await offeredId(lib), 'render() is gone');
    await waitFor(async () => /render\(\) is gone/.test(contextOf(await app.hook('PostToolBatch'))), {
      what: 'the answer',
    });
  });

  test('[M3] ends when the host gives the call up', async (t) => {
    const { app } = pair(t);
    const caller = new AbortController();
    const asking = app.tools.ask('lib', 'what broke?', { ...LONG, signal: caller.signal });
    caller.abort();
    assert.equal((await asking).end.kind, 'cancelled');
  });

  test('[M3] ends when it is held or refused, with the reason', async (t) => {
    const { app, lib } = pair(t);
    await lib.tools.attention('closed');
    const held = await app.tools.ask('lib', 'what broke?', LONG);
    assert.deepEqual([held.end.kind, held.state], ['settled', 'held']);
    assert.match(held.reason ?? '', /attention closed/);
    setVerdict(lib.host.root, { sender: app.folder().id, receiver: undefined, verdict: 'blocked' });
    const refused = await app.tools.ask('lib', 'what broke?', LONG);
    assert.deepEqual([refused.end.kind, refused.state], ['settled', 'refused']);
  });

  test('a clarifying question comes back as the answer; what answers it is a new question in the same thread', async (t) => {
    const { app, lib } = pair(t);
    const asking = app.tools.ask('lib', 'what broke?', LONG);
    const id = await offeredId(lib);
    const { sent: back } = lib.tools.reply(id, 'which function do you call?');
    assert.equal((await asking).end.kind, 'mail');
    const { sent } = app.tools.reply(back.id, 'render()');
    assert.deepEqual([sent.type, sent.thread, sent.inReplyTo], ['query', id, back.id]);
    assert.equal(await offeredId(lib), sent.id);
  });

  test('of nobody, of several or of oneself is an error that says who is there', async (t) => {
    const { app } = pair(t);
    await assert.rejects(app.tools.ask('nobody', '?', LONG), withCode('peer-unknown'));
    await assert.rejects(app.tools.ask('app', '?', LONG), withCode('peer-is-self'));
    await assert.rejects(app.tools.ask('lib', '', LONG), withCode('content-empty'));
    await assert.rejects(
      app.tools.ask('lib', 'x'.repeat(1024 * 1024 + 1), LONG),
      withCode('content-too-large'),
    );
  });

  test('[S2] in a chain that peers set off goes only so far', async (t) => {
    const { app, lib } = pair(t);
    const peer = lib.attendant.correspondent.resolve('app');
    const query = lib.attendant.correspondent.send(peer, { type: 'query', content: '?', hops: 6 });
    await waitFor(() => app.tools.inbox(MAIN), { what: 'the query' });
    await assert.rejects(app.tools.ask('lib', 'and you?', LONG), withCode('message-refused'));
    app.tools.reply(query.id, 'done');
    assert.equal((await app.tools.ask('lib', 'and you?', { ...MAIN, waitSeconds: 0 })).end.kind, 'timeout');
  });
});

suite('a subagent', () => {
  test('gets the text of its answer, while the message goes to the main conversation', async (t) => {
    const { app, lib } = pair(t);
    const asking = app.tools.ask('lib', 'what broke?', { ...SUBAGENT, waitSeconds: 60 });
    lib.tools.reply(await offeredId(lib), 'render() is gone');
    const { end } = await asking;
    assert.ok(end.kind === 'copy');
    assert.equal(end.message.content, 'render() is gone');
    assert.equal(await offeredId(app), end.message.id);
  });

  test('takes no mail of the main conversation', async (t) => {
    const { app } = pair(t);
    await assert.rejects(app.tools.listen({ ...SUBAGENT, waitSeconds: 1 }), withCode('message-refused'));
    assert.throws(() => app.tools.inbox(SUBAGENT), withCode('message-refused'));
    assert.throws(() => app.tools.page(newMessageId(), 1, SUBAGENT), withCode('message-refused'));
  });
});

suite('answering', () => {
  test('[M4] proves that the message was seen, and takes it off the list of those that wait for an answer', async (t) => {
    const { app, lib } = pair(t);
    const { id } = await app.tools.ask('lib', '?', { ...MAIN, waitSeconds: 0 });
    await offeredId(lib);
    assert.deepEqual(
      lib.tools.status().openQueries.map((query) => query.id),
      [id],
    );
    lib.tools.reply(id, 'yes');
    assert.deepEqual(lib.tools.status().openQueries, []);
    assert.equal(findReceived(lib.folder(), id)?.place, 'read');
  });

  test('what cannot be answered says why: unknown, one’s own, held for the person, empty', async (t) => {
    const { app, lib } = pair(t);
    assert.throws(() => lib.tools.reply(newMessageId(), 'yes'), withCode('message-unknown'));
    const { id } = await app.tools.ask('lib', '?', { ...MAIN, waitSeconds: 0 });
    assert.throws(() => app.tools.reply(id, 'yes'), /It is a message that this seat sent/);
    assert.throws(() => lib.tools.reply(id, ''), withCode('content-empty'));
    await lib.tools.attention('closed');
    const { sent: held } = app.tools.send('lib', 'a secret');
    await waitFor(() => lib.tools.status().held.some((one) => one.id === held.id), {
      what: 'the held message',
    });
    assert.throws(() => lib.tools.reply(held.id, 'yes'), withCode('message-held'));
    assert.throws(() => lib.tools.page(held.id, 1, MAIN), withCode('message-held'));
    markAccepted(lib.folder(), held.id);
    assert.match(lib.tools.page(held.id, 1, MAIN), /a secret/);
  });

  test('a message that was handled before can be read again', async (t) => {
    const { app, lib } = pair(t);
    const { id } = await app.tools.ask('lib', 'what broke?', { ...MAIN, waitSeconds: 0 });
    lib.tools.reply(id, 'nothing');
    assert.match(lib.tools.page(id, 1, MAIN), /what broke\?/);
    assert.throws(() => lib.tools.page(id, 2, MAIN), withCode('usage'));
  });
});

suite('listening and looking', () => {
  test('a call that listens gets the next message of any kind, and the peers see that it listens', async (t) => {
    const { app, lib } = pair(t);
    const listening = lib.tools.listen(LONG);
    await waitFor(() => readSeatRecord(lib.folder())?.state === 'listening', { what: 'the state' });
    const { sent } = app.tools.send('lib', 'v2 is out');
    assert.equal(sent.type, 'note');
    const end = await listening;
    assert.ok(end.kind === 'mail');
    assert.match(end.mail.text, /v2 is out/);
    await waitFor(() => readSeatRecord(lib.folder())?.state === 'busy', { what: 'the state' });
  });

  test('the inbox gives everything that waits once, and says when nothing does', async (t) => {
    const { app, lib } = pair(t);
    assert.equal(lib.tools.inbox(MAIN), undefined);
    app.tools.send('lib', 'one');
    app.tools.send('lib', 'two');
    const text = await waitFor(() => lib.tools.inbox(MAIN), { what: 'mail' });
    assert.match(text, /one[^]*two/);
    assert.equal(lib.tools.inbox(MAIN), undefined);
  });

  test('connecting tells within two seconds whether the peer is there', async (t) => {
    const { app, lib } = pair(t);
    const reached = await app.tools.connect('lib', MAIN);
    assert.deepEqual([reached.peer.id, reached.answered], [lib.folder().id, true]);
    lib.attendant.close();
    assert.equal((await app.tools.connect('lib', MAIN)).answered, false);
  });
});

suite('the own seat', () => {
  test('has a name, a line about it and an attention that the session can set', async (t) => {
    const { app, lib } = pair(t);
    assert.equal((await lib.tools.rename('library')).name, 'library');
    assert.equal((await lib.tools.about('  v2:\n what is\tnew ')).about, 'v2: what is new');
    assert.ok((await lib.tools.about('😀'.repeat(200))).about?.isWellFormed());
    assert.equal((await lib.tools.attention('quiet')).attention, 'quiet');
    const [peer] = app.tools.peers();
    assert.deepEqual([peer?.name, peer?.id], ['library', lib.folder().id]);
    await assert.rejects(lib.tools.rename('a b'), withCode('name-invalid'));
    assert.equal((await lib.tools.rename('library')).name, 'library', 'its own name is not taken');
  });

  test('does not get a name that another seat of the project has', async (t) => {
    const { lib } = pair(t);
    const second = another(t, lib, 'lib');
    await assert.rejects(second.tools.rename('lib'), withCode('name-taken'));
  });

  test('once it was left is taken again only when the session is told to', async (t) => {
    const { app, lib } = pair(t);
    const { id } = lib.folder();
    lib.tools.stop();
    assert.equal(app.tools.peers()[0]?.state, 'away');
    assert.deepEqual(
      lib.tools
        .peers()
        .map(({ name }) => name)
        .sort(),
      ['app', 'lib'],
    );
    for (const call of [
      () => lib.tools.status(),
      () => lib.tools.send('app', 'x'),
      () => lib.tools.inbox(MAIN),
      () => lib.tools.reply(newMessageId(), 'x'),
      () => lib.tools.stop(),
    ])
      assert.throws(call, withCode('seat-missing'));
    await assert.rejects(lib.tools.ask('app', '?', LONG), withCode('seat-missing'));
    assert.equal(app.tools.peers()[0]?.state, 'away');
    assert.equal(lib.tools.start().record.sessionId, id);
    assert.equal(app.tools.peers()[0]?.state === 'away', false);
    assert.equal(lib.tools.start().record.sessionId, id, 'again changes nothing');
  });

  test('tells what waits, what is held, by which path mail comes and how many turns peers caused', async (t) => {
    const { app, lib } = pair(t);
    app.tools.send('lib', 'a note');
    await waitFor(() => lib.tools.status().waiting === 1, { what: 'the note' });
    const { held, deliveryPath, peerTurns, record } = lib.tools.status();
    assert.deepEqual(
      [held, deliveryPath, peerTurns, record.name],
      [[], 'inbox-socket', { lastHour: 0, cap: 20 }, 'lib'],
    );
  });

  test('[M6] a session of session-bridge v1, which knows no notes, is sent a query', (t) => {
    const { lib } = pair(t);
    const old = facadeOf(lib.host.root, 'old123' as SeatId);
    mkdirSync(old.inbox, { recursive: true });
    const lastHeartbeat = new Date().toISOString();
    writeFileSync(
      old.manifest,
      JSON.stringify({ sessionId: 'old123', projectName: 'old-app', lastHeartbeat }),
    );
    const { sent, peer } = lib.tools.send('old-app', 'v2 is out');
    assert.deepEqual([peer.kind, sent.type], ['v1', 'query']);
    assert.equal(findSent(lib.folder(), sent.id)?.message.content, 'v2 is out');
    assert.deepEqual(readdirSync(old.inbox), [`${sent.id}.json`]);
  });
});
