import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { chmodSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite, test } from 'node:test';
import { MAX_LINE_BYTES } from '../../../src/lib/json-lines.ts';
import { thisProcess } from '../../../src/lib/process-identity.ts';
import { appendJournal, journalFile, journalFolder, pruneJournal } from '../../../src/mailbox/journal.ts';
import { readJournalTail } from '../../../src/mailbox/journal-tail.ts';
import { pastPath, prunePast } from '../../../src/mailbox/past.ts';
import { foldReceipts, recordState, statesOf } from '../../../src/mailbox/receipts.ts';
import { type SeatId, shardOf } from '../../../src/protocol/ids.ts';
import type { MessageState, StateRecord } from '../../../src/protocol/receipt.ts';
import { DAY_MS, deadProcess, tempRoot } from '../../fixtures/temp-root.ts';
import { unprivileged } from '../../fixtures/unprivileged.ts';

function record(state: MessageState, second: number, more: Partial<StateRecord> = {}): StateRecord {
  return { state, at: `2126-11-20T22:41:0${second}.000Z`, by: 'bbbbbb' as SeatId, ...more };
}

suite('receipts', () => {
  test('a state is known as soon as it is recorded, before and after the receipts are filed', (t) => {
    const { root, seat, send } = tempRoot(t);
    const [a, b] = [seat('aaaaaa'), seat('bbbbbb')];
    const message = send(a, b);
    recordState(root, message, record('offered', 1, { path: 'listen' }));
    recordState(root, message, record('seen', 2, { path: 'listen', reason: 'x' }));
    const before = statesOf(a, message.id);
    assert.deepEqual(
      before.map(({ state }) => state),
      ['accepted', 'delivered', 'offered', 'seen'],
    );
    foldReceipts(a);
    assert.deepEqual(statesOf(a, message.id), before);
    assert.deepEqual(readdirSync(a.receipts), []);
    recordState(root, message, record('answered', 3));
    foldReceipts(a);
    assert.equal(statesOf(a, message.id).at(-1)?.state, 'answered');
    assert.match(readFileSync(pastPath(a.outbox, message.id), 'utf8'), /"content": "hello"/);
  });

  test('receipts of several messages do not mix', (t) => {
    const { root, seat, send } = tempRoot(t);
    const [a, b] = [seat('aaaaaa'), seat('bbbbbb')];
    const [one, two] = [send(a, b), send(a, b)];
    recordState(root, one, record('seen', 1));
    recordState(root, two, record('refused', 2, { reason: 'no' }));
    for (const _ of ['before', 'after']) {
      assert.deepEqual(statesOf(a, one.id).at(-1)?.state, 'seen');
      assert.deepEqual(statesOf(a, two.id).at(-1)?.state, 'refused');
      foldReceipts(a);
    }
    assert.deepEqual(statesOf(a, 'msg-zzzzzzzzzzzz' as never), []);
  });

  test('a fold that was killed at any step loses no state and counts none twice', (t) => {
    const { root, seat, send } = tempRoot(t);
    const [a, b] = [seat('aaaaaa'), seat('bbbbbb')];
    const message = send(a, b);
    recordState(root, message, record('seen', 1));
    const [name = ''] = readdirSync(a.receipts);
    const receipt = readFileSync(join(a.receipts, name));
    foldReceipts(a);
    // Killed after the copy was written, before the receipt was removed, holding the lock.
    writeFileSync(join(a.receipts, name), receipt);
    const { pid, start, host } = deadProcess();
    writeFileSync(join(a.receipts, '.fold-lock'), `${pid}~${start}~${host}~abcdefgh`);
    assert.deepEqual(
      statesOf(a, message.id).map(({ state }) => state),
      ['accepted', 'delivered', 'seen'],
    );
    foldReceipts(a);
    assert.deepEqual(
      statesOf(a, message.id).map(({ state }) => state),
      ['accepted', 'delivered', 'seen'],
    );
    assert.deepEqual(readdirSync(a.receipts), []);
  });

  test('nothing is filed while another process files, and nothing is unknown meanwhile', (t) => {
    const { root, seat, send } = tempRoot(t);
    const [a, b] = [seat('aaaaaa'), seat('bbbbbb')];
    const message = send(a, b);
    recordState(root, message, record('seen', 1));
    const { pid, start, host } = thisProcess();
    const lock = join(a.receipts, '.fold-lock');
    writeFileSync(lock, `${pid}~${start}~${host}~abcdefgh`);
    foldReceipts(a);
    assert.equal(readdirSync(a.receipts).length, 2);
    assert.equal(statesOf(a, message.id).at(-1)?.state, 'seen');
    rmSync(lock);
    foldReceipts(a);
    assert.deepEqual(readdirSync(a.receipts), []);
  });

  test('a receipt waits for a sent copy that is not there yet', (t) => {
    const { root, seat, send } = tempRoot(t);
    const [a, b] = [seat('aaaaaa'), seat('bbbbbb')];
    const message = send(a, b);
    const copy = readFileSync(pastPath(a.outbox, message.id));
    rmSync(pastPath(a.outbox, message.id));
    recordState(root, message, record('seen', 1));
    foldReceipts(a);
    assert.equal(readdirSync(a.receipts).length, 1);
    writeFileSync(pastPath(a.outbox, message.id), copy);
    foldReceipts(a);
    assert.equal(statesOf(a, message.id).at(-1)?.state, 'seen');
  });

  test('a very long reason is cut, not lost', (t) => {
    const { root, seat, send } = tempRoot(t);
    const [a, b] = [seat('aaaaaa'), seat('bbbbbb')];
    const message = send(a, b);
    recordState(root, message, record('refused', 1, { reason: '漢'.repeat(100_000) }));
    const last = statesOf(a, message.id).at(-1);
    assert.equal(last?.state, 'refused');
    assert.match(last.reason ?? '', /^漢{1000}/);
  });

  test('one that may not be read keeps no other one back, nor does such a sent copy', (t) => {
    const { root, seat, send } = tempRoot(t);
    const [a, b] = [seat('aaaaaa'), seat('bbbbbb')];
    const [good, hidden] = [send(a, b), send(a, b)];
    for (const message of [good, hidden]) recordState(root, message, record('seen', 1));
    const unreadable = join(a.receipts, 'msg-000000000009.seen-abcdef.json');
    writeFileSync(unreadable, '{}');
    chmodSync(unreadable, 0);
    chmodSync(pastPath(a.outbox, hidden.id), 0);
    unprivileged(root, () => {
      foldReceipts(a);
      assert.equal(statesOf(a, good.id).at(-1)?.state, 'seen');
      assert.equal(statesOf(a, hidden.id).at(-1)?.state, 'seen');
    });
    assert.deepEqual(
      readdirSync(a.receipts).filter((name) => name.startsWith(good.id)),
      [],
    );
  });

  test('a sender without a seat here, or whose seat is gone, costs nothing', (t) => {
    const { root, seat, send } = tempRoot(t);
    const [a, b] = [seat('aaaaaa'), seat('bbbbbb')];
    const message = send(a, b);
    rmSync(a.path, { recursive: true });
    recordState(root, message, record('seen', 1));
    assert.ok(!readdirSync(join(root, 'seats')).includes('aaaaaa'));
    assert.equal(readJournalTail(root, 10).at(-1)?.state, 'seen');
  });
});

suite('the journal', () => {
  test('it tells each step of each message in one line that stays whole, whatever the content', (t) => {
    const { root, seat, send } = tempRoot(t);
    const [a, b] = [seat('aaaaaa'), seat('bbbbbb')];
    for (const content of [
      '漢'.repeat(5000),
      '\u0000\n\r\u2028\u001B[31m"'.repeat(500),
      '\uD83D'.repeat(5000),
      '😀'.repeat(300),
      '"\\'.repeat(3000),
    ]) {
      const message = send(a, b, { type: 'query', content, expiresAfterMs: 1 });
      appendJournal(root, message, [record('refused', 1, { reason: content, path: 'hook-context' })]);
    }
    const text = readFileSync(journalFile(root, Date.now()), 'utf8');
    for (const line of text.split('\n'))
      assert.ok(Buffer.byteLength(line) < MAX_LINE_BYTES, String(line.length));
    assert.equal(readJournalTail(root, 100).length, 15);
    assert.deepEqual(
      readJournalTail(root, 4).map(({ state }) => state),
      readJournalTail(root, 100)
        .slice(-4)
        .map(({ state }) => state),
    );
    for (const { summary = '', reason = '' } of readJournalTail(root, 100))
      assert.doesNotMatch(summary + reason, /\p{Cc}/u);
  });

  test('a journal that cannot be written keeps no message back', (t) => {
    const { root, seat, inbox, send } = tempRoot(t);
    const [a, b] = [seat('aaaaaa'), seat('bbbbbb')];
    writeFileSync(journalFolder(root), 'in the way');
    const { id } = send(a, b);
    assert.deepEqual(
      inbox(b)
        .pending()
        .map((pending) => pending.id),
      [id],
    );
    assert.deepEqual(readdirSync(a.sending), []);
    assert.deepEqual(readJournalTail(root, 10), []);
  });

  test('a pipe in the place of a day keeps nobody waiting', (t) => {
    const { root, seat, send } = tempRoot(t);
    const [a, b] = [seat('aaaaaa'), seat('bbbbbb')];
    send(a, b);
    const today = journalFile(root, Date.now());
    renameSync(today, join(journalFolder(root), '2026-01-01.jsonl'));
    execFileSync('mkfifo', [today]);
    send(a, b);
    assert.equal(readdirSync(b.inbox).length, 2);
    assert.equal(readJournalTail(root, 10).length, 2);
    rmSync(today);
    mkdirSync(today);
    assert.equal(readJournalTail(root, 10).length, 2);
  });

  test('old days are removed', (t) => {
    const { root, seat, send } = tempRoot(t);
    send(seat('aaaaaa'), seat('bbbbbb'));
    pruneJournal(root, Date.now() - DAY_MS);
    assert.equal(readdirSync(journalFolder(root)).length, 1);
    pruneJournal(root, Date.now() + DAY_MS);
    assert.equal(readdirSync(journalFolder(root)).length, 0);
  });
});

suite('what is past', () => {
  test('[M5] files older than they are kept go shard by shard, one shard per call', (t) => {
    const { seat, send } = tempRoot(t);
    const [a, b] = [seat('aaaaaa'), seat('bbbbbb')];
    const shards = new Set(Array.from({ length: 40 }, () => shardOf(send(a, b).id)));
    writeFileSync(join(a.outbox, 'mine.txt'), '');
    assert.equal(prunePast(a.outbox, { olderThanMs: Date.now() - DAY_MS, turn: 0 }), 0);
    let removed = 0;
    for (let turn = 0; turn < shards.size; turn += 1) {
      const now = prunePast(a.outbox, { olderThanMs: Date.now() + DAY_MS, turn });
      assert.ok(now > 0 && now < 40, 'one shard, not all');
      removed += now;
    }
    assert.equal(removed, 40);
    assert.ok(readdirSync(a.outbox).includes('mine.txt'));
    assert.equal(prunePast(a.outbox, { olderThanMs: Date.now() + DAY_MS, turn: 7 }), 0);
  });

  test('rejected files are kept from when they were rejected, and go in the end whatever they are', (t) => {
    const { seat, inbox } = tempRoot(t);
    const b = seat('bbbbbb');
    writeFileSync(join(b.inbox, 'junk.json'), '{');
    inbox(b).pending();
    assert.equal(prunePast(b.rejected, { olderThanMs: Date.now() - DAY_MS, turn: 0 }), 0);
    assert.equal(prunePast(b.rejected, { olderThanMs: Date.now() + DAY_MS, turn: 0 }), 2);
    assert.deepEqual(readdirSync(join(b.rejected, 'invalid')), []);
  });
});
