import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdirSync, readdirSync, rmSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite, test } from 'node:test';
import { SeatHold } from '../../../src/directory/seat-hold.ts';
import { watchFolders } from '../../../src/lib/folder-watch.ts';
import { thisProcess } from '../../../src/lib/process-identity.ts';
import { asksFolder, awaitedAnswers } from '../../../src/mailbox/awaited-answers.ts';
import { claimPath } from '../../../src/mailbox/claim-name.ts';
import { journalFile, journalFolder, pruneJournal } from '../../../src/mailbox/journal.ts';
import { readJournalTail } from '../../../src/mailbox/journal-tail.ts';
import { foldReceipts, statesOf } from '../../../src/mailbox/receipts.ts';
import { CahootsError } from '../../../src/protocol/errors.ts';
import type { MessageId } from '../../../src/protocol/ids.ts';
import { waitFor } from '../../../src/testing/wait-for.ts';
import { tempRoot } from '../../fixtures/temp-root.ts';

/** A process that cannot be seen from here. */
const FOREIGN = { pid: 1, start: '1', host: 'ffffffff' };

suite('folders, links and pipes under names that files of ours have', () => {
  test('a folder named like the mark of an accepted message does not keep that message from being settled [M1]', (t) => {
    const { seat, inbox, send } = tempRoot(t);
    const [a, b] = [seat('aaaaaa'), seat('bbbbbb')];
    const { id } = send(a, b);
    mkdirSync(join(b.inbox, `${id}.accepted`, 'below'), { recursive: true });
    const mine = inbox(b);
    const claimed = mine.claim(id);
    assert.ok(claimed);
    mine.settle(claimed);
    assert.deepEqual(readdirSync(b.inbox), []);
    assert.deepEqual(mine.pending(), []);
  });

  test('an old folder named like a temporary file does not stop the reader [X2]', (t) => {
    const { seat, inbox, send } = tempRoot(t);
    const [a, b] = [seat('aaaaaa'), seat('bbbbbb')];
    const { id } = send(a, b);
    for (const name of ['.tmp-1-abc', 'msg-000000000009.accepted']) {
      mkdirSync(join(b.inbox, name));
      utimesSync(join(b.inbox, name), 1, 1);
    }
    assert.deepEqual(
      inbox(b)
        .pending()
        .map((pending) => pending.id),
      [id],
    );
  });

  test('a folder in the place to which a message goes back is moved away, and the message goes back [M1]', (t) => {
    const { seat, inbox, send } = tempRoot(t);
    const [a, b] = [seat('aaaaaa'), seat('bbbbbb')];
    const { id } = send(a, b);
    const mine = inbox(b);
    const claimed = mine.claim(id);
    assert.ok(claimed);
    mkdirSync(join(b.inbox, `${id}.json`, 'below'), { recursive: true });
    mine.release(claimed, { maybeSeen: true });
    const [back] = mine.pending();
    assert.deepEqual([back?.id, back?.repeat], [id, 1]);
  });

  test('a folder under the id of a handled message is removed like any second copy [M1]', (t) => {
    const { seat, inbox, send } = tempRoot(t);
    const [a, b] = [seat('aaaaaa'), seat('bbbbbb')];
    const { id } = send(a, b);
    const mine = inbox(b);
    const claimed = mine.claim(id);
    assert.ok(claimed);
    mine.settle(claimed);
    mkdirSync(join(b.inbox, `${id}.json`, 'below'), { recursive: true });
    assert.deepEqual(mine.pending(), []);
    assert.deepEqual([...readdirSync(b.inbox), ...readdirSync(b.claimed)], []);
  });

  test('a folder in the place of a lock does not keep receipts from being filed [X2]', (t) => {
    const { seat, send, inbox, clock } = tempRoot(t);
    const [a, b] = [seat('aaaaaa'), seat('bbbbbb')];
    const { id } = send(a, b, { expiresAfterMs: 1 });
    clock.offsetMs = 60_000;
    inbox(b).pending();
    mkdirSync(join(a.receipts, '.fold-lock', 'below'), { recursive: true });
    foldReceipts(a);
    assert.equal(statesOf(a, id).at(-1)?.state, 'expired');
    assert.deepEqual(readdirSync(a.receipts), []);
  });

  test('links in a circle and folders named like a wait or a lock stop nobody who looks at them [X2]', (t) => {
    const { seat } = tempRoot(t);
    const a = seat('aaaaaa');
    const names = ['msg-000000000001', 'msg-000000000002'].map((id) => id as MessageId);
    mkdirSync(asksFolder(a));
    const [link = '', folder = ''] = names.map((id) =>
      claimPath(asksFolder(a), { id, owner: { process: FOREIGN, generation: 0 } }),
    );
    symlinkSync(link, link);
    mkdirSync(join(folder, 'below'), { recursive: true });
    utimesSync(folder, 1, 1);
    assert.deepEqual([...awaitedAnswers(a)], names.slice(0, 1));
    assert.deepEqual(readdirSync(asksFolder(a)).length, 1);
  });

  test('folders named like earlier holders do not keep the seat from being taken [S1]', (t) => {
    const { seat } = tempRoot(t);
    const a = seat('aaaaaa');
    for (const name of ['1.json', '2.json', '5.json', '6.json'])
      mkdirSync(join(a.holders, name, 'below'), { recursive: true });
    const hold = SeatHold.acquire(a, { process: thisProcess(), conversation: 'c' });
    assert.deepEqual([hold?.generation, hold?.isCurrent()], [7, true]);
  });

  test('a pipe in the place of the journal or of the counter keeps no sender waiting [M3]', (t) => {
    const { root, seat, send, inbox } = tempRoot(t);
    const [a, b] = [seat('aaaaaa'), seat('bbbbbb')];
    const journal = journalFile(root, Date.now());
    mkdirSync(journalFolder(root));
    execFileSync('mkfifo', [journal, join(journalFolder(root), '9999-12-31.jsonl'), a.sequence]);
    assert.throws(() => send(a, b), CahootsError);
    const { id } = send(b, a);
    assert.deepEqual(
      inbox(a)
        .pending()
        .map((pending) => pending.id),
      [id],
    );
    assert.deepEqual(readJournalTail(root, 10), []);
    mkdirSync(join(journalFolder(root), '9999-12-30.jsonl'));
    assert.deepEqual(readJournalTail(root, 10), []);
    const circle = join(journalFolder(root), '0.jsonl');
    symlinkSync(circle, circle);
    pruneJournal(root, Date.now() + 1000);
  });

  test('a watched folder that becomes a link in a circle does not end the process [M3]', async (t) => {
    const { seat } = tempRoot(t);
    const a = seat('aaaaaa');
    let changes = 0;
    const watch = watchFolders([a.inbox], { onChange: () => (changes += 1), rescanMs: 20, pollMs: 20 });
    t.after(() => watch.close());
    rmSync(a.inbox, { recursive: true });
    symlinkSync(a.inbox, a.inbox);
    const before = changes;
    await waitFor(() => changes >= before + 3, { what: 'three more looks' });
    rmSync(a.inbox);
    mkdirSync(a.inbox);
    await waitFor(() => watch.mode === 'events', { what: 'the folder to be watched again' });
  });
});

suite('receipts that somebody else made up', () => {
  const receipt = (id: string, changes: Readonly<Record<string, unknown>> = {}): string =>
    JSON.stringify({ message: id, state: 'seen', at: '2026-11-20T22:41:00.000Z', by: 'bbbbbb', ...changes });

  test('one by a third seat, or by the sender itself, changes nothing of what is known [M4]', (t) => {
    const { seat, send } = tempRoot(t);
    const [a, b] = [seat('aaaaaa'), seat('bbbbbb')];
    const { id } = send(a, b);
    const forged = [
      { by: 'cccccc', state: 'answered' },
      { by: 'aaaaaa', state: 'refused' },
      { by: 'aaaaaa', state: 'seen' },
    ];
    for (const [index, changes] of forged.entries())
      writeFileSync(join(a.receipts, `${id}.${changes.state}-forge${index}.json`), receipt(id, changes));
    const known = (): string[] => statesOf(a, id).map(({ state }) => state);
    assert.deepEqual(known(), ['accepted', 'delivered']);
    foldReceipts(a);
    assert.deepEqual(known(), ['accepted', 'delivered']);
    assert.deepEqual(readdirSync(a.receipts), []);
    assert.equal(
      readdirSync(join(a.rejected, 'invalid')).filter((name) => name.endsWith('.reason')).length,
      3,
    );
  });

  test('a message that claims to be from its receiver, under the id of a sent one, changes nothing of that [M4]', (t) => {
    const { seat, send, inbox } = tempRoot(t);
    const [a, b] = [seat('aaaaaa'), seat('bbbbbb')];
    const sent = send(a, b);
    writeFileSync(join(a.inbox, `${sent.id}.json`), JSON.stringify({ ...sent, to: 'aaaaaa', format: 7 }));
    assert.deepEqual(inbox(a).pending(), []);
    foldReceipts(a);
    assert.deepEqual(
      statesOf(a, sent.id).map(({ state }) => state),
      ['accepted', 'delivered'],
    );
  });

  test('a flood of them leaves the copy of the message small enough to be read [M4]', (t) => {
    const { seat, send } = tempRoot(t);
    const [a, b] = [seat('aaaaaa'), seat('bbbbbb')];
    const { id } = send(a, b, { content: '\u0001'.repeat(1024 * 1024) });
    for (let number = 0; number < 1_000; number += 1) {
      const at = new Date(Date.UTC(2026, 10, 20) + number).toISOString();
      const changes = { state: 'offered', at, reason: 'x'.repeat(10_000) };
      writeFileSync(join(a.receipts, `${id}.offered-${number}.json`), receipt(id, changes));
    }
    writeFileSync(join(a.receipts, `${id}.seen-x.json`), receipt(id, { at: new Date().toISOString() }));
    foldReceipts(a);
    const states = statesOf(a, id);
    assert.equal(states.filter(({ state }) => state === 'offered').length, 200);
    assert.equal(states.at(-1)?.state, 'seen');
    assert.deepEqual(readdirSync(a.receipts), []);
  });
});
