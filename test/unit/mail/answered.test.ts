import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { suite, test } from 'node:test';
import { markAnswered } from '../../../src/mail/answered.ts';
import { ReceiptWriter } from '../../../src/mail/receipt-writer.ts';
import { recordState } from '../../../src/mailbox/receipts.ts';
import { newMessageId } from '../../../src/protocol/ids.ts';
import { type DeskBench, deskBench } from '../attendant/desk-bench.ts';

function note({ root, clock, me }: DeskBench, ...message: [Parameters<typeof markAnswered>[1]]): void {
  const receipts = new ReceiptWriter({ root, clock, folder: me });
  markAnswered({ folder: me, receipts }, ...message);
}

suite('a response that was seen', () => {
  test('[M6] marks the question as answered by the peer that was asked, once', (t) => {
    const bench = deskBench(t);
    const { send, me, peer, mail, states } = bench;
    const question = send(me, peer, { type: 'query', content: '?' });
    const answer = mail({ type: 'response', inReplyTo: question.id });
    note(bench, answer);
    note(bench, answer);
    assert.deepEqual(states(question, me), ['accepted', 'delivered', 'answered']);
    assert.equal(readdirSync(me.receipts).filter((name) => name.includes('answered')).length, 1);
  });

  test('adds nothing where the peer’s own receipt says so already', (t) => {
    const bench = deskBench(t);
    const { send, me, peer, mail, root } = bench;
    const question = send(me, peer, { type: 'query', content: '?' });
    recordState(root, question, { state: 'answered', at: new Date().toISOString(), by: peer.id });
    note(bench, mail({ type: 'response', inReplyTo: question.id }));
    assert.equal(readdirSync(me.receipts).length, 1);
  });

  test('[M4] of anybody else, or to nothing that was asked, marks nothing and leaves nothing behind', (t) => {
    const bench = deskBench(t);
    const { send, seat, me, peer, mail, states } = bench;
    const question = send(me, peer, { type: 'query', content: '?' });
    note(bench, send(seat('cccccc'), me, { type: 'response', content: 'x', inReplyTo: question.id }));
    note(bench, mail({ type: 'response', inReplyTo: newMessageId() }));
    note(bench, mail({ type: 'query', inReplyTo: question.id }));
    note(bench, mail({ type: 'response' }));
    assert.deepEqual(states(question, me), ['accepted', 'delivered']);
    assert.deepEqual(readdirSync(me.receipts), []);
  });
});
