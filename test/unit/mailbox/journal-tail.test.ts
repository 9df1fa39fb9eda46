import assert from 'node:assert/strict';
import { appendFileSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite, test } from 'node:test';
import { journalFolder } from '../../../src/mailbox/journal.ts';
import { readJournalAfter, readJournalEnd, readJournalTail } from '../../../src/mailbox/journal-tail.ts';
import { tempFolder } from '../../fixtures/temp-root.ts';

const DAY_ONE = '2026-11-20.jsonl';
const DAY_TWO = '2026-11-21.jsonl';

function line(number: number): string {
  const entry = {
    state: 'delivered',
    at: '2026-11-20T10:00:00.000Z',
    by: 'aaaaaa',
    message: `msg-${String(number).padStart(12, '0')}`,
    from: 'aaaaaa',
    to: 'bbbbbb',
    summary: `entry ${number} ${'é'.repeat(40)}`,
  };
  return `\n${JSON.stringify(entry)}`;
}

function lines(from: number, to: number): string {
  return Array.from({ length: to - from + 1 }, (_, index) => line(from + index)).join('');
}

function numbersOf(entries: readonly { message: string }[]): number[] {
  return entries.map(({ message }) => Number(message.slice(4)));
}

function timeOf(work: () => unknown): number {
  const started = performance.now();
  work();
  return performance.now() - started;
}

suite('the end of the journal', () => {
  test('gives the newest entries, oldest first, over as many days as it takes', (t) => {
    const root = tempFolder(t);
    mkdirSync(journalFolder(root));
    writeFileSync(join(journalFolder(root), DAY_ONE), lines(1, 5));
    writeFileSync(join(journalFolder(root), DAY_TWO), lines(6, 8));
    assert.deepEqual(numbersOf(readJournalTail(root, 2)), [7, 8]);
    assert.deepEqual(numbersOf(readJournalTail(root, 5)), [4, 5, 6, 7, 8]);
    assert.deepEqual(numbersOf(readJournalTail(root, 100)), [1, 2, 3, 4, 5, 6, 7, 8]);
    assert.deepEqual(readJournalTail(root, 0), []);
    assert.deepEqual(readJournalTail(join(root, 'none'), 5), []);
  });

  test('is read without what lies before it [M5]', (t) => {
    const root = tempFolder(t);
    mkdirSync(journalFolder(root));
    const path = join(journalFolder(root), DAY_ONE);
    writeFileSync(path, lines(1, 20_000));
    const [all, few] = [timeOf(() => readJournalTail(root, 20_000)), timeOf(() => readJournalTail(root, 3))];
    assert.ok(few < all / 5, `${few} ms for three entries, ${all} ms for all`);
    assert.deepEqual(numbersOf(readJournalTail(root, 3)), [19_998, 19_999, 20_000]);
    assert.equal(readJournalTail(root, 5000).length, 5000);
    assert.equal(numbersOf(readJournalTail(root, 5000))[0], 15_001);
  });

  test('leaves out what is no entry: torn lines, foreign files, links', (t) => {
    const root = tempFolder(t);
    mkdirSync(journalFolder(root));
    const folder = journalFolder(root);
    writeFileSync(
      join(folder, DAY_ONE),
      `${line(1)}\n{"state":"del${line(2)}\nnonsense\n{"message":"../x"}${line(3)}`,
    );
    writeFileSync(join(folder, 'notes.jsonl'), line(9));
    writeFileSync(join(root, 'elsewhere'), line(10));
    symlinkSync(join(root, 'elsewhere'), join(folder, '2026-11-22.jsonl'));
    assert.deepEqual(numbersOf(readJournalTail(root, 10)), [1, 2, 3]);
  });
});

suite('what comes after a position of the journal', () => {
  test('is each entry once, also over midnight', (t) => {
    const root = tempFolder(t);
    mkdirSync(journalFolder(root));
    const [one, two] = [join(journalFolder(root), DAY_ONE), join(journalFolder(root), DAY_TWO)];
    writeFileSync(one, lines(1, 2));
    let { end } = readJournalEnd(root, 1);
    const next = (): number[] => {
      const after = readJournalAfter(root, end);
      ({ end } = after);
      return numbersOf(after.entries);
    };
    assert.deepEqual(next(), []);
    appendFileSync(one, line(3));
    assert.deepEqual(next(), [3]);
    appendFileSync(one, line(4));
    writeFileSync(two, line(5));
    assert.deepEqual(next(), [4, 5]);
    appendFileSync(two, line(6));
    assert.deepEqual(next(), [6]);
    assert.deepEqual(next(), []);
  });

  test('waits for the rest of a line that is being written', (t) => {
    const root = tempFolder(t);
    mkdirSync(journalFolder(root));
    const path = join(journalFolder(root), DAY_ONE);
    const text = line(1);
    writeFileSync(path, text.slice(0, 30));
    const first = readJournalAfter(root, undefined);
    assert.deepEqual(numbersOf(first.entries), []);
    appendFileSync(path, text.slice(30));
    assert.deepEqual(numbersOf(readJournalAfter(root, first.end).entries), [1]);
  });

  test('begins at the beginning where there was no journal', (t) => {
    const root = tempFolder(t);
    assert.equal(readJournalEnd(root, 5).end, undefined);
    mkdirSync(journalFolder(root));
    writeFileSync(join(journalFolder(root), DAY_ONE), lines(1, 2));
    assert.deepEqual(numbersOf(readJournalAfter(root, undefined).entries), [1, 2]);
  });
});
