import assert from 'node:assert/strict';
import { mkdirSync, readdirSync, rmdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite, test } from 'node:test';
import { setVerdict } from '../../../src/directory/trust.ts';
import {
  MAX_BATCH_CHARACTERS,
  MAX_INLINE_CHARACTERS,
  PAGE_CHARACTERS,
} from '../../../src/mail/offer-text.ts';
import { markAccepted } from '../../../src/mailbox/inbox.ts';
import { pastPath } from '../../../src/mailbox/past.ts';
import { CahootsError, type ErrorCode } from '../../../src/protocol/errors.ts';
import { newMessageId } from '../../../src/protocol/ids.ts';
import { filesBelow } from '../../fixtures/temp-root.ts';
import { type DeskBench, deskBench, idsOf } from './desk-bench.ts';

function withCode(code: ErrorCode): (error: unknown) => boolean {
  return (error) => error instanceof CahootsError && error.code === code;
}

/** Where the seat's messages are: `inbox`, `claimed`, `read` and `rejected`, each with how many. */
function places({ me }: DeskBench): Record<string, number> {
  const count = (folder: string): number =>
    filesBelow(folder).filter((name) => name.endsWith('.json') || name.includes('~')).length;
  return {
    inbox: count(me.inbox),
    claimed: count(me.claimed),
    read: count(me.read),
    rejected: count(me.rejected),
  };
}

suite('what waits at a mail desk', () => {
  test('may be seen, is held for a person, or is refused, as the gate says', (t) => {
    const bench = deskBench(t);
    const { desk, mail, states } = bench;
    const passes = mail();
    const held = mail({ metadata: { permissionClass: 'bypasses' } });
    const view = desk.look();
    assert.deepEqual([idsOf(view.eligible), idsOf(view.held)], [[passes.id], [held.id]]);
    bench.session.rule = 'refuse';
    const refused = desk.look();
    assert.deepEqual([idsOf(refused.eligible), idsOf(refused.held)], [[], []]);
    assert.deepEqual(places(bench), { inbox: 0, claimed: 0, read: 0, rejected: 2 });
    assert.match(states(passes).at(-1) ?? '', /^refused: the receiver refuses messages of other sessions/);
  });

  test('is told to its sender as held once, and again only for another reason', (t) => {
    const { desk, mail, states, session, peer } = deskBench(t);
    const one = mail({ metadata: { permissionClass: 'bypasses' } });
    const heldReceipts = (): number =>
      readdirSync(peer.receipts).filter((name) => name.startsWith(`${one.id}.held`)).length;
    for (let look = 0; look < 3; look += 1) desk.look();
    assert.equal(heldReceipts(), 1);
    assert.match(states(one).at(-1) ?? '', /^held: the sender skips permissions and the receiver asks/);
    session.attention = 'closed';
    for (let look = 0; look < 3; look += 1) desk.look();
    assert.equal(heldReceipts(), 2);
  });

  test('of a blocked peer is refused, with the reason at its sender', (t) => {
    const { root, desk, mail, states, me, peer } = deskBench(t);
    setVerdict(root, { sender: peer.id, receiver: me.id, verdict: 'blocked' });
    const one = mail();
    assert.deepEqual(idsOf(desk.look().eligible), []);
    assert.equal(states(one).at(-1), 'refused: the receiver has blocked this peer');
  });

  test('passes once the person trusts the peer, or lets the message through', (t) => {
    const { root, desk, mail, me, peer, session } = deskBench(t);
    session.permissionClass = 'bypasses';
    const one = mail();
    assert.deepEqual(idsOf(desk.look().held), [one.id]);
    markAccepted(me, one.id);
    assert.deepEqual(idsOf(desk.look().eligible), [one.id]);
    const other = mail();
    assert.deepEqual(idsOf(desk.look().held), [other.id]);
    setVerdict(root, { sender: peer.id, receiver: undefined, verdict: 'trusted' });
    assert.deepEqual(idsOf(desk.look().eligible), [one.id, other.id]);
  });

  test('the answer to a question of this seat passes, of whom it was asked and of nobody else', (t) => {
    const { send, seat, desk, mail, me, peer, session } = deskBench(t);
    session.attention = 'closed';
    const question = send(me, peer, { type: 'query', content: 'what is new?' });
    const answer = mail({
      type: 'response',
      inReplyTo: question.id,
      metadata: { permissionClass: 'bypasses' },
    });
    const stranger = send(seat('cccccc'), me, {
      type: 'response',
      content: 'nothing',
      inReplyTo: question.id,
    });
    const unasked = mail({ type: 'response', inReplyTo: newMessageId() });
    const query = mail({ inReplyTo: question.id });
    const { eligible, held } = desk.look();
    assert.deepEqual(idsOf(eligible), [answer.id]);
    assert.deepEqual(new Set(idsOf(held)), new Set(idsOf([stranger, unasked, query])));
    assert.deepEqual(
      eligible.map((pending) => desk.reception.answersOwnQuery(pending)),
      [true],
    );
    assert.deepEqual(
      held.map((pending) => desk.reception.answersOwnQuery(pending)),
      [false, false, false],
    );
  });

  test('pings and ends of sessions cost no tokens: they are handed on, also when all else is held', (t) => {
    const bench = deskBench(t);
    const { desk, mail, control, session } = bench;
    session.attention = 'closed';
    const ping = mail({ type: 'ping', content: 'connected' });
    const ended = mail({ type: 'session-ended', content: '' });
    const view = desk.look();
    assert.deepEqual(idsOf(control), idsOf([ping, ended]));
    assert.deepEqual([view.eligible, view.held], [[], []]);
    desk.look();
    assert.equal(control.length, 2, 'once');
    assert.deepEqual(places(bench), { inbox: 0, claimed: 0, read: 2, rejected: 0 });
  });

  test('[X2] what says to come from this very seat is refused', (t) => {
    const bench = deskBench(t);
    const { desk, send, me } = bench;
    send(me, me, { type: 'query', content: 'do it' });
    assert.deepEqual(desk.look().eligible, []);
    assert.equal(places(bench).rejected, 1);
  });
});

suite('mail that is put before the model', () => {
  test('[M2] is claimed by this owner alone, and is said to be offered only once the path took it', (t) => {
    const bench = deskBench(t);
    const { desk, deskOf, mail, states } = bench;
    const one = mail();
    const { eligible } = desk.look();
    const taken = desk.take(eligible, 'hook-context');
    assert.ok(taken);
    assert.deepEqual(idsOf(taken.messages), [one.id]);
    assert.match(
      taken.text,
      new RegExp(`^app \\(aaaaaa\\) asks:[^]*<peer-message id="${one.id}"[^]*what broke`),
    );
    assert.deepEqual(places(bench), { inbox: 0, claimed: 1, read: 0, rejected: 0 });
    assert.equal(states(one).at(-1), 'delivered');
    taken.confirm();
    assert.equal(states(one).at(-1), 'offered: hook-context');
    assert.equal(deskOf(2).take(eligible, 'tool'), undefined);
    assert.equal(desk.take(eligible, 'tool'), undefined);
  });

  test('comes in the order in which it was sent, as many as fit into one turn, the rest next time', (t) => {
    const { desk, mail } = deskBench(t);
    const sent = Array.from({ length: 5 }, (_, index) => mail({ content: `${index}${'x'.repeat(2_500)}` }));
    const first = desk.take(desk.look().eligible, 'hook-context');
    const second = desk.take(desk.look().eligible, 'hook-context');
    assert.deepEqual([...idsOf(first?.messages), ...idsOf(second?.messages)], idsOf(sent));
    assert.equal(first?.messages.length, 3);
    assert.ok((first?.text.length ?? 0) < MAX_BATCH_CHARACTERS + 1_000);
    assert.equal(desk.take(desk.look().eligible, 'hook-context'), undefined);
  });

  test('one message that alone is as long as a turn takes comes alone', (t) => {
    const { desk, mail } = deskBench(t);
    mail({ content: 'x'.repeat(MAX_INLINE_CHARACTERS) });
    mail({ content: 'x'.repeat(MAX_INLINE_CHARACTERS) });
    assert.equal(desk.take(desk.look().eligible, 'hook-context')?.messages.length, 1);
    assert.equal(desk.look().eligible[0]?.repeat, undefined, 'the one that did not fit is no repeat');
  });

  test('[M4] is read, with receipts at the sender, once the conversation proves that it was seen', (t) => {
    const bench = deskBench(t);
    const { desk, mail, states, transcript, me } = bench;
    const one = mail();
    const taken = desk.take(desk.look().eligible, 'hook-context');
    taken?.confirm();
    transcript.hookContext('PostToolBatch', taken?.text ?? '');
    assert.deepEqual(desk.settleSeen(), []);
    assert.equal(states(one).at(-1), 'offered: hook-context');
    transcript.assistant('I see.');
    assert.deepEqual(idsOf(desk.settleSeen()), [one.id]);
    assert.deepEqual(states(one), ['accepted', 'delivered', 'offered: hook-context', 'seen: hook-context']);
    assert.deepEqual(places(bench), { inbox: 0, claimed: 0, read: 1, rejected: 0 });
    assert.deepEqual(filesBelow(me.read), [pastPath(me.read, one.id).slice(me.read.length + 1)]);
  });

  test('[M4] that cannot be marked as read is settled at the next look', (t) => {
    const bench = deskBench(t);
    const { desk, mail, transcript, me } = bench;
    mail();
    mail();
    const taken = desk.take(desk.look().eligible, 'hook-context');
    transcript.prompt(taken?.text ?? '');
    transcript.assistant('I see.');
    const [shard = ''] = filesBelow(me.claimed).map((name) => name.slice(4, 5));
    writeFileSync(join(me.read, shard), 'no folder can be made here');
    assert.throws(() => desk.settleSeen(), CahootsError);
    rmSync(join(me.read, shard));
    desk.settleSeen();
    assert.deepEqual(places(bench), { inbox: 0, claimed: 0, read: 2, rejected: 0 });
  });

  test('[M2] by a path that failed is given again under the same id, headed as a repeat', (t) => {
    const { desk, mail, states } = deskBench(t);
    const one = mail();
    desk.take(desk.look().eligible, 'inbox-socket')?.confirm();
    assert.equal(desk.takeFailed('hook-context'), undefined);
    desk.failOffers([one.id]);
    const again = desk.takeFailed('hook-context');
    assert.deepEqual(idsOf(again?.messages), [one.id]);
    assert.match(again?.text ?? '', /repeat="you may have seen this id before/);
    again?.confirm();
    assert.deepEqual(states(one).slice(2), ['offered: inbox-socket', 'offered: hook-context']);
    assert.equal(desk.takeFailed('hook-context'), undefined);
  });

  test('[S2] of what failed only that is given again which may come now', (t) => {
    const { desk, mail } = deskBench(t);
    const [query, note] = [mail(), mail({ type: 'note' })];
    desk.take(desk.look().eligible, 'hook-context');
    desk.failOffers(idsOf([query, note]));
    assert.deepEqual(idsOf(desk.takeFailed('inbox-socket', ({ type }) => type === 'query')?.messages), [
      query.id,
    ]);
    assert.deepEqual(idsOf(desk.takeFailed('hook-context')?.messages), [note.id]);
  });

  test('that failed fits into a turn as well, however much failed at once', (t) => {
    const { desk, mail } = deskBench(t);
    const sent = Array.from({ length: 4 }, () => mail({ content: 'x'.repeat(4_000) }));
    for (;;) if (desk.take(desk.look().eligible, 'tool') === undefined) break;
    desk.failOffers(idsOf(sent));
    const first = desk.takeFailed('hook-context');
    const second = desk.takeFailed('hook-context');
    assert.deepEqual([...idsOf(first?.messages), ...idsOf(second?.messages)], idsOf(sent));
    assert.equal(first?.messages.length, 2);
  });

  test('[M1] goes back to the inbox as a possible repeat when the seat is left', (t) => {
    const bench = deskBench(t);
    const { desk, deskOf, mail } = bench;
    const sent = [mail(), mail()];
    desk.take(desk.look().eligible, 'hook-context');
    desk.releaseAll();
    desk.releaseAll();
    assert.deepEqual(places(bench), { inbox: 2, claimed: 0, read: 0, rejected: 0 });
    const next = deskOf(2).look().eligible;
    assert.deepEqual(idsOf(next), idsOf(sent));
    assert.deepEqual(
      next.map(({ repeat }) => repeat),
      [1, 1],
    );
    assert.match(deskOf(2).take(next, 'tool')?.text ?? '', /repeat=/);
  });

  test('[M1] what cannot be given back stays taken, and the others are given back all the same', (t) => {
    const bench = deskBench(t);
    const { desk, mail, me } = bench;
    const [first, second] = [mail(), mail()];
    desk.take(desk.look().eligible, 'hook-context');
    const inTheWay = join(me.inbox, `${first.id}.json`);
    mkdirSync(inTheWay);
    // Nor can it be moved out of the way.
    rmdirSync(me.rejected);
    assert.throws(() => desk.releaseAll(), CahootsError);
    assert.equal(places(bench).claimed, 1);
    mkdirSync(me.rejected);
    desk.releaseAll();
    assert.deepEqual(new Set(idsOf(desk.look().eligible)), new Set(idsOf([first, second])));
  });

  test('[M2] what a dead owner had taken is found again, as a possible repeat', (t) => {
    const bench = deskBench(t);
    const { desk, deskOf, mail } = bench;
    const one = mail();
    desk.take(desk.look().eligible, 'hook-context');
    const successor = deskOf(2);
    successor.recover();
    assert.deepEqual(
      successor.look().eligible.map(({ id, repeat }) => [id, repeat]),
      [[one.id, 1]],
    );
  });

  test('a note of an earlier conversation and an answer to one are marked so', (t) => {
    const { desk, mail, send, me, peer } = deskBench(t);
    mail({ metadata: { permissionClass: 'asks', toConversation: 'c-old' } });
    const question = send(me, peer, { type: 'query', content: '?', metadata: { fromConversation: 'c-old' } });
    mail({ type: 'response', inReplyTo: question.id });
    const text = desk.take(desk.look().eligible, 'hook-context')?.text ?? '';
    assert.match(text, /meant for an earlier conversation/);
    assert.match(text, /answers a question that an earlier conversation on this seat asked/);
  });
});

suite('a message that the model names in a call', () => {
  test('[M4] is proved to be seen by that, whether it was offered or only waited', (t) => {
    const bench = deskBench(t);
    const { desk, mail, states } = bench;
    const [offered, waiting] = [mail(), mail()];
    desk.take(desk.look().eligible.slice(0, 1), 'hook-context')?.confirm();
    desk.quote(offered.id);
    desk.quote(waiting.id);
    assert.equal(states(offered).at(-1), 'seen: hook-context');
    assert.equal(states(waiting).at(-1), 'seen: tool');
    assert.deepEqual(places(bench), { inbox: 0, claimed: 0, read: 2, rejected: 0 });
    desk.quote(offered.id);
    desk.quote(newMessageId());
  });

  test('[S2] is not let through by that when it is held for a person', (t) => {
    const bench = deskBench(t);
    const { desk, mail, states, me } = bench;
    const held = mail({ metadata: {}, content: 'a secret' });
    desk.look();
    assert.throws(() => desk.quote(held.id), withCode('message-held'));
    assert.throws(() => desk.takePage(held.id, 1), withCode('message-held'));
    assert.equal(places(bench).inbox, 1);
    assert.match(states(held).at(-1) ?? '', /^held/);
    markAccepted(me, held.id);
    assert.match(desk.takePage(held.id, 1)?.text ?? '', /a secret/);
  });

  test('[S2] nor when it was refused', (t) => {
    const bench = deskBench(t);
    const { desk, mail, session } = bench;
    session.rule = 'refuse';
    const refused = mail({ content: 'a secret' });
    desk.look();
    assert.throws(() => desk.takePage(refused.id, 1), withCode('message-refused'));
    assert.throws(() => desk.quote(refused.id), withCode('message-refused'));
  });
});

suite('the pages of a long message', () => {
  const content = `${'x'.repeat(PAGE_CHARACTERS)}${'y'.repeat(PAGE_CHARACTERS)}END`;

  test('[M4] prove that it was seen once the last one was', (t) => {
    const { desk, mail, states, transcript } = deskBench(t);
    const long = mail({ content });
    const taken = desk.take(desk.look().eligible, 'hook-context');
    taken?.confirm();
    transcript.hookContext('PostToolBatch', taken?.text ?? '');
    transcript.assistant('I read on.');
    assert.deepEqual(desk.settleSeen(), []);
    assert.equal(states(long).at(-1), 'offered: hook-context');
    for (const page of [1, 2, 3]) {
      const call = `toolu_${page}`;
      transcript.call(call);
      transcript.toolResult(call, desk.takePage(long.id, page)?.text ?? '');
      assert.deepEqual(desk.settleSeen(), []);
    }
    transcript.assistant('All of it.');
    assert.deepEqual(idsOf(desk.settleSeen()), [long.id]);
    assert.equal(states(long).at(-1), 'seen: tool');
  });

  test('[M4] one that there is not is refused, and proves nothing', (t) => {
    const { desk, mail, transcript } = deskBench(t);
    const long = mail({ content });
    desk.take(desk.look().eligible, 'hook-context');
    for (const page of [0, -1, 4, 1_000_000]) {
      assert.throws(() => desk.takePage(long.id, page), withCode('usage'), `page ${page}`);
    }
    transcript.prompt('This was the last page.');
    transcript.assistant('I see.');
    assert.deepEqual(desk.settleSeen(), []);
  });

  test('of a message that only waits are an offer of it', (t) => {
    const { desk, mail, states, transcript } = deskBench(t);
    const short = mail();
    const page = desk.takePage(short.id, 1);
    assert.equal(page?.message.id, short.id);
    assert.match(page.text, /what broke\?[^]*This was the last page/);
    assert.equal(states(short).at(-1), 'offered: tool');
    transcript.call('toolu_1');
    transcript.toolResult('toolu_1', page.text);
    transcript.assistant('I see.');
    assert.deepEqual(idsOf(desk.settleSeen()), [short.id]);
  });

  test('of a message that is not here, or was handled before, are not for the desk to give', (t) => {
    const { desk, mail } = deskBench(t);
    assert.equal(desk.takePage(newMessageId(), 1), undefined);
    const one = mail();
    desk.quote(one.id);
    assert.equal(desk.takePage(one.id, 1), undefined);
  });
});
