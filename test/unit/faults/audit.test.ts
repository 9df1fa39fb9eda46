import assert from 'node:assert/strict';
import { copyFileSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite, type TestContext, test } from 'node:test';
import { claimPath } from '../../../src/mailbox/claim-name.ts';
import { pastPath, pastPathForWriting } from '../../../src/mailbox/past.ts';
import { post } from '../../../src/mailbox/post.ts';
import { foldReceipts, recordState } from '../../../src/mailbox/receipts.ts';
import type { SeatFolder } from '../../../src/mailbox/seat-folder.ts';
import type { Message } from '../../../src/protocol/message.ts';
import { type Audit, audit } from '../../faults/audit.ts';
import { Ledger } from '../../faults/ledger.ts';
import { sentLine, tookLine, wordsOf } from '../../faults/words.ts';
import { deadProcess, type TempRoot, tempRoot } from '../../fixtures/temp-root.ts';

interface Books extends TempRoot {
  readonly a: SeatFolder;
  readonly b: SeatFolder;
  readonly ledger: Ledger;
  /** Sent, handed out, read, and known to be seen. */
  readonly read: Message;
  /** Sent, and rejected with a reason that the sender knows. */
  readonly rejected: Message;
  readonly over: () => Audit;
}

/** Two messages of which everything is known, and the books in which they stand. */
function books(t: TestContext): Books {
  const temp = tempRoot(t);
  const { root, clock } = temp;
  const [a, b] = [temp.seat('aaaaaa'), temp.seat('bbbbbb')];
  const ledger = new Ledger();
  const inbox = temp.inbox(b);
  const deliver = (content: string): Message => {
    const message = post({ root, clock }, a, { to: b.id, type: 'note', content, metadata: {} });
    ledger.noteSent(wordsOf(sentLine(message)).sent);
    return message;
  };
  const claim = ({ id }: Message): NonNullable<ReturnType<typeof inbox.claim>> => {
    const claimed = inbox.claim(id);
    assert.ok(claimed);
    return claimed;
  };
  const tell = (message: Message, news: { state: 'seen' | 'refused'; reason?: string }): void =>
    recordState(root, message, { at: new Date().toISOString(), by: b.id, ...news });
  const [read, rejected] = [deliver('read this'), deliver('and not this')];
  ledger.noteTaken(wordsOf(tookLine(read)).taken);
  inbox.settle(claim(read));
  tell(read, { state: 'seen' });
  tell(rejected, { state: 'refused', reason: 'denied' });
  inbox.reject(claim(rejected), 'denied');
  foldReceipts(a);
  return { ...temp, a, b, ledger, read, rejected, over: () => audit(root, ledger, 'over') };
}

function finds(found: Audit, words: RegExp): void {
  assert.match(found.findings.join('\n'), words);
}

suite('the audit of the fault bench', () => {
  test('finds nothing where every message is accounted for, and counts each once', (t) => {
    const { over, ledger, root } = books(t);
    const { findings, sum } = over();
    assert.deepEqual(findings, []);
    assert.deepEqual(audit(root, ledger, 'still').findings, []);
    assert.deepEqual([sum.sent, sum.read, sum.rejected, sum.handedOut], [2, 1, 1, 1]);
    assert.deepEqual([sum.unannounced, sum.repeats, sum.understated, sum.waiting], [0, 0, 0, 0]);
  });

  test('finds a message that is gone, whatever its sender believes', (t) => {
    const { over, b, read, root, ledger } = books(t);
    rmSync(pastPath(b.read, read.id));
    finds(over(), new RegExp(`${read.id} was sent, and lies nowhere: LOST`));
    finds(over(), /2 messages were sent, and 1 are accounted for/);
    finds(audit(root, ledger, 'still'), /LOST/);
  });

  test('finds a message in two places once the work is over, and at two seats at any time', (t) => {
    const { over, b, read, rejected, seat, root, ledger } = books(t);
    copyFileSync(pastPath(b.read, read.id), join(b.inbox, `${read.id}.json`));
    finds(over(), new RegExp(`${read.id} lies in several places: read of bbbbbb, waiting of bbbbbb`));
    assert.deepEqual(
      audit(root, ledger, 'still').findings,
      [],
      'of two copies that a kill left the later place counts',
    );
    copyFileSync(pastPath(b.rejected, rejected.id), join(seat('cccccc').inbox, `${rejected.id}.json`));
    finds(audit(root, ledger, 'still'), /lies at several seats: bbbbbb, cccccc/);
  });

  test('finds a second handing out that does not say so, and lets pass one that does', (t) => {
    const { over, ledger, read } = books(t);
    ledger.noteTaken(wordsOf(tookLine({ ...read, repeat: 1 })).taken);
    assert.deepEqual(over().findings, []);
    assert.equal(over().sum.repeats, 1);
    ledger.noteTaken(wordsOf(tookLine(read)).taken);
    finds(over(), /was handed out 3 times, 2 of them as if for the first time/);
  });

  test('finds what counts as read and was handed out to nobody', (t) => {
    const { over, ledger } = books(t);
    ledger.taken.splice(0);
    finds(over(), /counts as read, and was handed out to nobody: LOST/);
  });

  test('finds another content than was sent, also in what was handed out', (t) => {
    const { over, ledger, b, read } = books(t);
    ledger.noteTaken(wordsOf(tookLine({ ...read, repeat: 1, content: 'something else' })).taken);
    finds(over(), /was handed out with another content/);
    const path = pastPath(b.read, read.id);
    writeFileSync(path, readFileSync(path, 'utf8').replace('read this', 'read that'));
    finds(over(), /has another content than was sent/);
    writeFileSync(path, readFileSync(path, 'utf8').slice(0, 40));
    finds(over(), /is not whole/);
  });

  test('finds a state that says more than is true', (t) => {
    const { over, ledger, b, root, a, clock } = books(t);
    const message = post({ root, clock }, a, { to: b.id, type: 'note', content: 'x', metadata: {} });
    ledger.noteSent(wordsOf(sentLine(message)).sent);
    assert.deepEqual(audit(root, ledger, 'still').findings, []);
    recordState(root, message, { state: 'seen', at: new Date().toISOString(), by: b.id });
    finds(audit(root, ledger, 'still'), /is "seen" at its sender, and lies in waiting/);
    finds(over(), /is still waiting after everybody has looked/);
  });

  test('finds senders that know less than is true when no kill explains it', (t) => {
    const { over, ledger, a, read } = books(t);
    const path = pastPath(a.outbox, read.id);
    writeFileSync(path, readFileSync(path, 'utf8').replace('"seen"', '"offered"'));
    finds(over(), /of 1 messages the senders know less than is true, with 0 kills/);
    ledger.kills.receiver = 1;
    assert.deepEqual(over().findings, []);
    assert.equal(over().sum.understated, 1);
  });

  test('finds a rejected message without a reason', (t) => {
    const { over, a, b, rejected } = books(t);
    rmSync(`${pastPath(b.rejected, rejected.id)}.reason`);
    assert.deepEqual(over().findings, [], 'its sender knows why');
    const path = pastPath(a.outbox, rejected.id);
    writeFileSync(path, readFileSync(path, 'utf8').replace('"reason"', '"other"'));
    finds(over(), /is rejected without a reason/);
  });

  test('finds what nobody sent, and more that nobody told of than kills explain', (t) => {
    const { over, b, a, read, root, clock } = books(t);
    const id = 'msg-zzzzzzzzzzzz' as Message['id'];
    const place = pastPathForWriting(b.read, id);
    writeFileSync(place, readFileSync(pastPath(b.read, read.id), 'utf8').replaceAll(read.id, id));
    finds(over(), new RegExp(`${id} lies in read of bbbbbb, and nobody sent it`));
    rmSync(place);
    post({ root, clock }, a, { to: b.id, type: 'note', content: 'in silence', metadata: {} });
    finds(over(), /1 messages that nobody told of, with 0 sends cut off/);
  });

  test('finds an accepted message that was never delivered, and a copy that its sender does not have', (t) => {
    const { over, a, b, read, root, ledger } = books(t);
    const owner = { process: deadProcess(), generation: 0 };
    rmSync(pastPath(b.read, read.id));
    copyFileSync(pastPath(a.outbox, read.id), claimPath(a.sending, { id: read.id, owner }));
    finds(over(), /was never delivered/);
    rmSync(pastPath(a.outbox, read.id));
    finds(audit(root, ledger, 'still'), /lies nowhere: LOST/);
    finds(over(), /the outbox of aaaaaa does not have it/);
  });
});
