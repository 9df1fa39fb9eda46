import assert from 'node:assert/strict';
import {
  existsSync,
  readdirSync,
  readFileSync,
  renameSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { suite, test } from 'node:test';
import { thisProcess } from '../../../src/lib/process-identity.ts';
import { claimPath } from '../../../src/mailbox/claim-name.ts';
import { markAccepted } from '../../../src/mailbox/inbox.ts';
import { pastPath } from '../../../src/mailbox/past.ts';
import type { SeatFolder } from '../../../src/mailbox/seat-folder.ts';
import { shardOf } from '../../../src/protocol/ids.ts';
import type { Message } from '../../../src/protocol/message.ts';
import { deadProcess, filesBelow, otherProcess, tempRoot } from '../../fixtures/temp-root.ts';

/** A second file with a message that was sent already, as a resend or a copy by hand makes it. */
function putCopy(folder: SeatFolder, message: Message): void {
  writeFileSync(join(folder.inbox, `${message.id}.json`), JSON.stringify(message), { flag: 'wx' });
}

function claimedFiles(folder: SeatFolder): string[] {
  return readdirSync(folder.claimed);
}

suite('a folder that is gone for a moment', () => {
  test('[M1] costs no message that is given back: it stays with who has it, who is told', (t) => {
    const { seat, inbox, send, root } = tempRoot(t);
    const [a, b] = [seat('aaaaaa'), seat('bbbbbb')];
    const { id } = send(a, b, { content: 'hi' });
    const mine = inbox(b);
    const claimed = mine.claim(id);
    assert.ok(claimed);
    for (const maybeSeen of [false, true]) {
      renameSync(b.inbox, join(root, 'aside'));
      assert.throws(() => mine.release(claimed, { maybeSeen }), { code: 'root-unusable' });
      renameSync(join(root, 'aside'), b.inbox);
      assert.equal(claimedFiles(b).length, 1);
    }
    mine.release(claimed, { maybeSeen: true });
    assert.deepEqual([claimedFiles(b), readdirSync(b.inbox)], [[], [`${id}.json`]]);
  });

  test('[M1] costs no copy of a message that somebody else has in hand', (t) => {
    const { seat, inbox, send, root } = tempRoot(t);
    const [a, b] = [seat('aaaaaa'), seat('bbbbbb')];
    const message = send(a, b, { content: 'hi' });
    const dead = claimPath(b.claimed, { id: message.id, owner: { process: deadProcess(), generation: 0 } });
    renameSync(join(b.inbox, `${message.id}.json`), dead);
    writeFileSync(
      claimPath(b.claimed, { id: message.id, owner: { process: otherProcess(), generation: 0 } }),
      JSON.stringify(message),
    );
    renameSync(b.inbox, join(root, 'aside'));
    try {
      inbox(b).recoverClaims();
    } catch {
      // It may say so; what counts is what is left.
    }
    assert.equal(claimedFiles(b).length, 2);
  });
});

suite('claiming a message', () => {
  test('a claimed message is in claimed/ under its owner’s name, and nowhere else', (t) => {
    const { seat, inbox, send } = tempRoot(t);
    const [a, b] = [seat('aaaaaa'), seat('bbbbbb')];
    const { id } = send(a, b, { content: 'hi' });
    const mine = inbox(b);
    assert.deepEqual(
      mine.pending().map((pending) => pending.id),
      [id],
    );
    const claimed = mine.claim(id);
    assert.equal(claimed?.message.content, 'hi');
    assert.deepEqual(filesBelow(b.inbox), []);
    const { pid, start, host } = thisProcess();
    assert.deepEqual(claimedFiles(b), [`${id}~${pid}~${start}~${host}~1.json`]);
    assert.equal(inbox(b, { process: otherProcess() }).claim(id), undefined);
  });

  test('a settled message is in read/ with status read and can be shown with cat', (t) => {
    const { seat, inbox, send } = tempRoot(t);
    const [a, b] = [seat('aaaaaa'), seat('bbbbbb')];
    const { id } = send(a, b);
    const mine = inbox(b);
    const claimed = mine.claim(id);
    assert.ok(claimed);
    mine.settle(claimed);
    const text = readFileSync(pastPath(b.read, id), 'utf8');
    assert.match(text, /^\{\n {2}"id": /);
    const read = JSON.parse(text) as Record<string, unknown>;
    assert.deepEqual([read['status'], read['content']], ['read', 'hello']);
    assert.deepEqual([...filesBelow(b.inbox), ...claimedFiles(b)], []);
  });

  test('a released message waits again at its old place in the order; only if it may have been seen it is a repeat', (t) => {
    const { seat, inbox, send } = tempRoot(t);
    const [a, b] = [seat('aaaaaa'), seat('bbbbbb')];
    const first = send(a, b);
    send(a, b);
    const mine = inbox(b);
    for (const expected of [undefined, 1, 2]) {
      const before = mine.pending();
      const claimed = mine.claim(first.id);
      assert.ok(claimed);
      mine.release(claimed, { maybeSeen: expected !== undefined });
      const after = mine.pending();
      assert.deepEqual(
        after.map(({ id }) => id),
        before.map(({ id }) => id),
      );
      assert.equal(after[0]?.repeat, expected);
      assert.equal(after[0]?.arrivedMs, before[0]?.arrivedMs, 'expiry still counts from the arrival');
    }
  });

  test('the mark that a person let a message through stays until it is handled', (t) => {
    const { seat, inbox, send } = tempRoot(t);
    const [a, b] = [seat('aaaaaa'), seat('bbbbbb')];
    const { id } = send(a, b);
    const mine = inbox(b);
    assert.equal(mine.pending()[0]?.accepted, false);
    assert.equal(markAccepted(b, id), true);
    assert.equal(mine.pending()[0]?.accepted, true);
    const claimed = mine.claim(id);
    assert.ok(claimed);
    mine.release(claimed, { maybeSeen: true });
    assert.equal(mine.pending()[0]?.accepted, true, 'a restart must not ask the person again');
    const again = mine.claim(id);
    assert.ok(again);
    mine.settle(again);
    mine.pending();
    assert.deepEqual(filesBelow(b.inbox), []);
    assert.equal(markAccepted(b, id), false);
  });
});

suite('a second copy of a message', () => {
  test('[M2] is not handed out while the first one is claimed by another owner, and is gone once that one is read', (t) => {
    const { seat, inbox, send } = tempRoot(t);
    const [a, b] = [seat('aaaaaa'), seat('bbbbbb')];
    const message = send(a, b);
    const other = inbox(b, { process: otherProcess() });
    const held = other.claim(message.id);
    assert.ok(held);
    putCopy(b, message);
    const mine = inbox(b);
    assert.deepEqual(mine.pending(), []);
    assert.equal(mine.claim(message.id), undefined);
    other.settle(held);
    assert.equal(mine.claim(message.id), undefined);
    assert.deepEqual(mine.pending(), []);
    assert.deepEqual([...filesBelow(b.inbox), ...claimedFiles(b)], []);
    assert.deepEqual(filesBelow(b.read), [`${shardOf(message.id)}/${message.id}.json`]);
  });

  test('[M2] is not handed out to the owner that has the first one already', (t) => {
    const { seat, inbox, send } = tempRoot(t);
    const [a, b] = [seat('aaaaaa'), seat('bbbbbb')];
    const message = send(a, b);
    const mine = inbox(b);
    const held = mine.claim(message.id);
    assert.ok(held);
    putCopy(b, message);
    assert.deepEqual(mine.pending(), []);
    assert.equal(mine.claim(message.id), undefined);
    assert.ok(existsSync(held.path), 'the claim itself stays');
    mine.settle(held);
    assert.equal(mine.claim(message.id), undefined);
    assert.deepEqual([...filesBelow(b.inbox), ...claimedFiles(b)], []);
  });

  test('[M2] that comes after the first one was read or rejected is removed by the next look', (t) => {
    const { seat, inbox, send } = tempRoot(t);
    const [a, b] = [seat('aaaaaa'), seat('bbbbbb')];
    const [read, rejected] = [send(a, b), send(a, b)];
    const mine = inbox(b);
    const [first, second] = [mine.claim(read.id), mine.claim(rejected.id)];
    assert.ok(first && second);
    mine.settle(first);
    mine.reject(second, 'denied');
    for (const message of [read, rejected]) {
      putCopy(b, message);
      assert.equal(mine.claim(message.id), undefined);
      putCopy(b, message);
      assert.deepEqual(inbox(b).pending(), []);
    }
    assert.deepEqual(filesBelow(b.inbox), []);
    assert.equal(filesBelow(b.read).length, 1);
    assert.deepEqual(filesBelow(b.rejected), [
      `${shardOf(rejected.id)}/${rejected.id}.json`,
      `${shardOf(rejected.id)}/${rejected.id}.json.reason`,
    ]);
  });

  test('[M1] is merged into the one that is released: one message waits, and it keeps the mark of a repeat', (t) => {
    const { seat, inbox, send } = tempRoot(t);
    const [a, b] = [seat('aaaaaa'), seat('bbbbbb')];
    const message = send(a, b);
    const mine = inbox(b);
    const held = mine.claim(message.id);
    assert.ok(held);
    putCopy(b, message);
    mine.release(held, { maybeSeen: true });
    assert.deepEqual(
      mine.pending().map(({ id, repeat }) => [id, repeat]),
      [[message.id, 1]],
    );
    assert.deepEqual(claimedFiles(b), []);
  });
});

suite('claims of owners that are gone', () => {
  test('[M1] a claim of a dead process waits again, marked as a repeat, with its arrival', (t) => {
    const { seat, inbox, send } = tempRoot(t);
    const [a, b] = [seat('aaaaaa'), seat('bbbbbb')];
    const { id } = send(a, b, { content: 'x'.repeat(5000) });
    const dead = inbox(b, { process: deadProcess() });
    const before = dead.pending()[0];
    assert.ok(dead.claim(id));
    const mine = inbox(b);
    assert.equal(mine.recoverClaims(), 1);
    assert.equal(mine.recoverClaims(), 0);
    const [pending] = mine.pending();
    assert.deepEqual([pending?.id, pending?.repeat, pending?.arrivedMs], [id, 1, before?.arrivedMs]);
    assert.equal(mine.claim(id)?.message.content, 'x'.repeat(5000));
  });

  test('a claim of a living process stays its own', (t) => {
    const { seat, inbox, send } = tempRoot(t);
    const [a, b] = [seat('aaaaaa'), seat('bbbbbb')];
    const { id } = send(a, b);
    const other = inbox(b, { process: otherProcess() });
    assert.ok(other.claim(id));
    assert.equal(inbox(b).recoverClaims(), 0);
    const mine = inbox(b);
    assert.ok(mine.claim(send(a, b).id));
    assert.equal(mine.recoverClaims(), 0, 'its own are not given back either');
  });

  test('a claim that this process made in an earlier generation of the seat returns', (t) => {
    const { seat, inbox, send } = tempRoot(t);
    const [a, b] = [seat('aaaaaa'), seat('bbbbbb')];
    const { id } = send(a, b);
    assert.ok(inbox(b, { generation: 2 }).claim(id));
    assert.equal(inbox(b, { generation: 3 }).recoverClaims(), 1);
  });

  test('a claim of another boot or container returns only after a long patience', (t) => {
    const { seat, inbox, send, clock } = tempRoot(t);
    const [a, b] = [seat('aaaaaa'), seat('bbbbbb')];
    const { id } = send(a, b);
    const elsewhere = { ...thisProcess(), host: '00000000' };
    assert.ok(inbox(b, { process: elsewhere }).claim(id));
    assert.equal(inbox(b).recoverClaims(), 0);
    clock.offsetMs = 11 * 60_000;
    assert.equal(inbox(b).recoverClaims(), 1);
  });

  test('[M2] what a dead owner had handled already is not handed out again', (t) => {
    const { seat, inbox, send } = tempRoot(t);
    const [a, b] = [seat('aaaaaa'), seat('bbbbbb')];
    const { id } = send(a, b);
    const dead = inbox(b, { process: deadProcess() });
    const claimed = dead.claim(id);
    assert.ok(claimed);
    const text = readFileSync(claimed.path);
    dead.settle(claimed);
    // Killed between the two steps of settling.
    writeFileSync(claimed.path, text);
    const mine = inbox(b);
    assert.equal(mine.recoverClaims(), 0);
    assert.deepEqual([...mine.pending(), ...claimedFiles(b)], []);
  });

  test('[M2] a dead owner’s copy is no reason to take away the claim that this owner has', (t) => {
    const { seat, inbox, send } = tempRoot(t);
    const [a, b] = [seat('aaaaaa'), seat('bbbbbb')];
    const message = send(a, b);
    const mine = inbox(b);
    const held = mine.claim(message.id);
    assert.ok(held);
    const left = claimPath(b.claimed, { id: message.id, owner: { process: deadProcess(), generation: 1 } });
    writeFileSync(left, JSON.stringify(message));
    mine.recoverClaims();
    assert.ok(existsSync(held.path));
    assert.equal(
      inbox(b, { process: otherProcess() }).claim(message.id),
      undefined,
      'nobody else gets it meanwhile',
    );
    mine.settle(held);
    assert.deepEqual([...inbox(b).pending(), ...claimedFiles(b)], []);
  });

  test('settling a claim that was given to somebody else meanwhile settles the message all the same', (t) => {
    const { seat, inbox, send } = tempRoot(t);
    const [a, b] = [seat('aaaaaa'), seat('bbbbbb')];
    const { id } = send(a, b);
    const mine = inbox(b);
    const held = mine.claim(id);
    assert.ok(held);
    renameSync(held.path, join(b.inbox, `${id}.json`));
    mine.settle(held);
    assert.equal(mine.claim(id), undefined);
    assert.deepEqual([...mine.pending(), ...claimedFiles(b)], []);
    assert.ok(existsSync(pastPath(b.read, id)));
  });
});

suite('order and expiry', () => {
  test('messages of one sender stand in the order of seq although clocks go backwards; senders in that of arrival', (t) => {
    const { seat, inbox, send, clock } = tempRoot(t);
    const [a, b, c] = [seat('aaaaaa'), seat('bbbbbb'), seat('cccccc')];
    const ofC = send(c, b);
    const ofA = Array.from({ length: 12 }, () => {
      clock.offsetMs -= 3_600_000;
      return send(a, b);
    });
    clock.offsetMs = 0;
    assert.ok((ofA[0]?.timestamp ?? '') > (ofA[11]?.timestamp ?? ''));
    const nowS = Date.now() / 1000;
    for (const [index, { id }] of ofA.entries()) utimesSync(join(b.inbox, `${id}.json`), nowS, nowS - index);
    utimesSync(join(b.inbox, `${ofC.id}.json`), nowS, nowS - 600);
    assert.deepEqual(
      inbox(b)
        .pending()
        .map(({ id }) => id),
      [ofC, ...ofA].map(({ id }) => id),
    );
    assert.deepEqual(
      ofA.map(({ seq }) => seq),
      [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12],
    );
  });

  test('a message expires by the receiver’s clock, whatever time its sender wrote; the sender is told', (t) => {
    const { root, seat, inbox, send, clock } = tempRoot(t);
    const [a, b] = [seat('aaaaaa'), seat('bbbbbb')];
    clock.offsetMs = -400 * 86_400_000;
    const { id } = send(a, b, { expiresAfterMs: 60_000 });
    clock.offsetMs = 0;
    const mine = inbox(b);
    assert.equal(mine.pending().length, 1, 'sent a year ago by its own clock, but it came just now');
    clock.offsetMs = 61_000;
    assert.deepEqual(mine.pending(), []);
    assert.equal(mine.claim(id), undefined);
    assert.match(readFileSync(`${pastPath(b.rejected, id)}.reason`, 'utf8'), /not taken within 60 s/);
    const receipts = readdirSync(a.receipts).map((name) => readFileSync(join(a.receipts, name), 'utf8'));
    assert.match(receipts.join(), /"state":"expired".*"reason":"not taken within 60 s"/);
    assert.ok(existsSync(root));
  });

  test('without a duration of its own a message expires after the receiver’s setting', (t) => {
    const { seat, inbox, send, clock } = tempRoot(t);
    const [a, b] = [seat('aaaaaa'), seat('bbbbbb')];
    send(a, b);
    const mine = inbox(b);
    clock.offsetMs = 7 * 86_400_000 - 60_000;
    assert.equal(mine.pending().length, 1);
    clock.offsetMs = 7 * 86_400_000 + 60_000;
    assert.equal(mine.pending().length, 0);
  });

  test('expiry never touches a claimed message', (t) => {
    const { seat, inbox, send, clock } = tempRoot(t);
    const [a, b] = [seat('aaaaaa'), seat('bbbbbb')];
    const { id } = send(a, b, { expiresAfterMs: 1000 });
    const mine = inbox(b);
    const held = mine.claim(id);
    assert.ok(held);
    clock.offsetMs = 86_400_000;
    inbox(b, { process: otherProcess() }).pending();
    mine.pending();
    assert.ok(existsSync(held.path));
    mine.settle(held);
    assert.ok(existsSync(pastPath(b.read, id)));
    assert.ok(statSync(pastPath(b.read, id)).size > 0);
    assert.deepEqual(filesBelow(a.receipts), []);
  });
});
