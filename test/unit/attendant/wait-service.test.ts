import assert from 'node:assert/strict';
import { suite, type TestContext, test } from 'node:test';
import { endSettledWaits, serveWaits } from '../../../src/attendant/wait-service.ts';
import { type Wait, type WaitEnd, type WaitRequest, Waits } from '../../../src/attendant/waits.ts';
import { findReceived } from '../../../src/mailbox/find-message.ts';
import { recordState } from '../../../src/mailbox/receipts.ts';
import type { MessageId } from '../../../src/protocol/ids.ts';
import type { Message } from '../../../src/protocol/message.ts';
import type { MessageState } from '../../../src/protocol/receipt.ts';
import { type DeskBench, deskBench, idsOf } from './desk-bench.ts';

interface WaitBench extends DeskBench {
  readonly waits: Waits;
  /** Ids in the order in which they were offered. */
  readonly offered: MessageId[];
  /** A question of this seat to the peer, and a wait for its answer. */
  readonly ask: (changes?: Partial<WaitRequest>) => { question: Message; wait: Wait };
  readonly listen: () => Wait;
  /** Gives what waits to the waits; tells the ids of what is left. */
  readonly serve: () => MessageId[];
}

function waitBench(t: TestContext): WaitBench {
  const bench = deskBench(t);
  const waits = new Waits();
  t.after(() => waits.endAll({ kind: 'closed' }));
  const offered: MessageId[] = [];
  const open = (request: Pick<WaitRequest, 'kind'> & Partial<WaitRequest>): Wait =>
    waits.open({ isMain: true, timeoutMs: 100_000, ...request });
  return {
    ...bench,
    waits,
    offered,
    ask(changes = {}) {
      const question = bench.send(bench.me, bench.peer, { type: 'query', content: 'what is new?' });
      return { question, wait: open({ kind: 'ask', message: question.id, ...changes }) };
    },
    listen: () => open({ kind: 'listen' }),
    serve: () =>
      idsOf(
        serveWaits(waits, bench.desk, {
          eligible: bench.desk.look().eligible,
          onOffered: ({ id }) => offered.push(id),
          read: (id) => {
            const found = findReceived(bench.me, id);
            assert.ok(found);
            return found.message;
          },
        }),
      ),
  };
}

async function ended(wait: Wait): Promise<WaitEnd | 'open'> {
  return await Promise.race([
    wait.end,
    new Promise<'open'>((resolve) => setImmediate(() => resolve('open'))),
  ]);
}

async function mailOf(wait: Wait): Promise<MessageId[]> {
  const end = await ended(wait);
  return end !== 'open' && end.kind === 'mail' ? idsOf(end.mail.messages) : [];
}

suite('mail for calls that wait', () => {
  test('an answer ends the call that asked, not another one', async (t) => {
    const { ask, mail, serve, offered, states } = waitBench(t);
    const [first, second] = [ask(), ask()];
    const answer = mail({ type: 'response', inReplyTo: second.question.id });
    assert.deepEqual(serve(), []);
    assert.deepEqual(await mailOf(second.wait), [answer.id]);
    assert.equal(await ended(first.wait), 'open');
    assert.deepEqual(offered, [answer.id]);
    assert.equal(states(answer).at(-1), 'offered: tool');
  });

  test('what another peer calls the answer is none: it is mail like any other', async (t) => {
    const { ask, send, seat, me, serve } = waitBench(t);
    const subagent = ask({ isMain: false });
    const stranger = seat('cccccc');
    const metadata = { permissionClass: 'asks' } as const;
    const forged = send(stranger, me, {
      type: 'response',
      content: 'x',
      inReplyTo: subagent.question.id,
      metadata,
    });
    assert.deepEqual(serve(), [forged.id]);
    assert.equal(await ended(subagent.wait), 'open');
  });

  test('[M3] a query ends any call that waits: sessions that ask each other do not wait for each other', async (t) => {
    const { ask, mail, serve, states } = waitBench(t);
    const { wait } = ask();
    const query = mail();
    assert.deepEqual(serve(), []);
    assert.deepEqual(await mailOf(wait), [query.id]);
    assert.equal(states(query).at(-1), 'offered: tool');
  });

  test('a call that listens gets mail before one that asks, one message for each', async (t) => {
    const { ask, listen, mail, serve, states } = waitBench(t);
    const { wait } = ask();
    const listening = listen();
    const [first, second, third] = [mail(), mail(), mail()];
    assert.deepEqual(serve(), [third.id]);
    assert.deepEqual([await mailOf(listening), await mailOf(wait)], [[first.id], [second.id]]);
    assert.equal(states(first).at(-1), 'offered: listen');
  });

  test('a note ends a call that listens, and no other', async (t) => {
    const { ask, listen, mail, serve } = waitBench(t);
    const { wait } = ask();
    const note = mail({ type: 'note' });
    assert.deepEqual(serve(), [note.id]);
    assert.equal(await ended(wait), 'open');
    const listening = listen();
    assert.deepEqual(serve(), []);
    assert.deepEqual(await mailOf(listening), [note.id]);
  });

  test('a subagent gets a copy of its answer and nothing else; the message stays for the main conversation', async (t) => {
    const { ask, mail, serve, offered, states } = waitBench(t);
    const { question, wait } = ask({ isMain: false });
    const query = mail();
    assert.deepEqual(serve(), [query.id]);
    assert.equal(await ended(wait), 'open');
    const answer = mail({ type: 'response', inReplyTo: question.id, content: 'v2 is new' });
    assert.deepEqual(serve(), [query.id, answer.id]);
    const end = await ended(wait);
    assert.ok(end !== 'open' && end.kind === 'copy');
    assert.equal(end.message.content, 'v2 is new');
    assert.deepEqual(offered, []);
    assert.deepEqual(states(answer), ['accepted', 'delivered']);
  });

  test('what somebody else has taken meanwhile ends no wait', async (t) => {
    const { listen, mail, serve, desk, deskOf, waits } = waitBench(t);
    const listening = listen();
    const one = mail();
    const { eligible } = desk.look();
    deskOf(2).take(eligible, 'tool');
    const left = serveWaits(waits, desk, {
      eligible,
      onOffered: () => assert.fail(),
      read: () => assert.fail(),
    });
    assert.deepEqual(idsOf(left), [one.id]);
    assert.equal(await ended(listening), 'open');
    assert.deepEqual(serve(), []);
  });

  test('with nobody waiting everything is left', (t) => {
    const { mail, serve } = waitBench(t);
    const sent = [mail(), mail({ type: 'note' })];
    assert.deepEqual(serve(), idsOf(sent));
  });
});

suite('a question of which it is known that waiting brings no answer', () => {
  const ends: Partial<Record<MessageState, string | undefined>> = {
    held: 'the receiver takes no messages at the moment',
    refused: 'the receiver has blocked this peer',
    expired: undefined,
    undeliverable: 'the mailbox is gone',
  };
  for (const [state, reason] of Object.entries(ends) as [MessageState, string | undefined][]) {
    test(`[M3] ends its wait once it is ${state}, with the reason`, async (t) => {
      const { ask, waits, me, root, peer } = waitBench(t);
      const [lost, other] = [ask(), ask()];
      endSettledWaits(waits, me);
      assert.equal(await ended(lost.wait), 'open');
      const at = new Date().toISOString();
      recordState(root, lost.question, {
        state,
        at,
        by: peer.id,
        ...(reason === undefined ? {} : { reason }),
      });
      endSettledWaits(waits, me);
      assert.deepEqual(await ended(lost.wait), { kind: 'settled', state, reason });
      assert.equal(await ended(other.wait), 'open');
    });
  }

  test('goes on waiting while it is offered or seen, and when the answer is still on its way', async (t) => {
    const { ask, waits, me, root, peer } = waitBench(t);
    const { question, wait } = ask();
    for (const state of ['held', 'offered', 'seen', 'answered'] as const) {
      recordState(root, question, { state, at: new Date().toISOString(), by: peer.id });
      if (state === 'held') continue;
      endSettledWaits(waits, me);
      assert.equal(await ended(wait), 'open', state);
    }
  });
});
