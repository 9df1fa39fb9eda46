import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  appendFileSync,
  lstatSync,
  mkdirSync,
  readFileSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { suite, test } from 'node:test';
import { isoMillis } from '../../../src/lib/clock.ts';
import { eraseJournalLines, type JournalLine, journalFiles } from '../../../src/mailbox/erase-journal.ts';
import { appendJournal, journalFile, journalFolder } from '../../../src/mailbox/journal.ts';
import { readJournalAfter, readJournalEnd, readJournalTail } from '../../../src/mailbox/journal-tail.ts';
import { newMessageId, type SeatId } from '../../../src/protocol/ids.ts';
import type { Message } from '../../../src/protocol/message.ts';
import { DAY_MS, tempFolder } from '../../fixtures/temp-root.ts';

const WRITER = join(import.meta.dirname, '../../fixtures/programs/journal-writer.ts');
const LINES = 1_500;

const toGone = ({ to }: JournalLine): boolean => to === 'gone00';

function write(
  root: string,
  to: string,
  { content, atMs = Date.now() }: { content: string; atMs?: number },
): void {
  const message = { id: newMessageId(), from: 'aaaaaa', to: to as SeatId, type: 'note', content } as Message;
  appendJournal(root, message, [{ state: 'accepted', at: isoMillis(atMs), by: message.from }]);
}

function erase(root: string, dryRun = false): number {
  const nowMs = Date.now();
  return journalFiles(root).reduce(
    (sum, path) => sum + eraseJournalLines(path, { isMeant: toGone, dryRun, nowMs }),
    0,
  );
}

suite('erasing lines of the journal', () => {
  test('leaves the others, and who reads on from a place goes on there', (t) => {
    const root = tempFolder(t);
    write(root, 'gone00', { content: 'secret one' });
    write(root, 'stays0', { content: 'kept one' });
    const { end } = readJournalEnd(root, 10);
    write(root, 'gone00', { content: 'secret two' });
    write(root, 'stays0', { content: 'kept two' });
    const path = journalFile(root, Date.now());
    const { size } = lstatSync(path);
    assert.equal(erase(root, true), 2);
    assert.ok(readFileSync(path, 'utf8').includes('secret'));
    assert.equal(erase(root), 2);
    assert.equal(erase(root), 0);
    assert.equal(lstatSync(path).size, size);
    assert.ok(!readFileSync(path, 'utf8').includes('secret'));
    const summaries = (entries: readonly { summary?: string | undefined }[]) =>
      entries.map(({ summary }) => summary);
    assert.deepEqual(summaries(readJournalTail(root, 10)), ['kept one', 'kept two']);
    assert.deepEqual(summaries(readJournalAfter(root, end).entries), ['kept two']);
  });

  test('erases what a killed writer left unfinished, but not what may be in the making', (t) => {
    const root = tempFolder(t);
    write(root, 'gone00', { content: 'secret whole' });
    const path = journalFile(root, Date.now());
    const line = readFileSync(path, 'utf8').slice(0, -8);
    appendFileSync(path, line);
    assert.equal(erase(root), 1);
    assert.ok(readFileSync(path, 'utf8').includes('secret'));
    write(root, 'stays0', { content: 'kept' });
    assert.equal(erase(root), 1);
    assert.ok(!readFileSync(path, 'utf8').includes('secret'));
    const earlier = journalFile(root, Date.now() - DAY_MS);
    writeFileSync(earlier, line);
    assert.equal(erase(root), 1);
    assert.ok(!readFileSync(earlier, 'utf8').includes('secret'));
  });

  test('does not make an old file younger', (t) => {
    const root = tempFolder(t);
    const atMs = Date.now() - 20 * DAY_MS;
    write(root, 'gone00', { content: 'secret', atMs });
    write(root, 'stays0', { content: 'kept', atMs });
    const path = journalFile(root, atMs);
    utimesSync(path, atMs / 1_000, atMs / 1_000);
    assert.equal(erase(root), 1);
    assert.ok(Math.abs(lstatSync(path).mtimeMs - atMs) < 1_000);
  });

  test('follows no link, and minds nothing that is no journal', (t) => {
    const root = tempFolder(t);
    mkdirSync(journalFolder(root));
    const elsewhere = join(root, 'elsewhere');
    writeFileSync(elsewhere, '\n{"message":"msg-000000000000","from":"aaaaaa","to":"gone00"}');
    symlinkSync(elsewhere, journalFile(root, Date.now()));
    writeFileSync(join(journalFolder(root), 'notes.txt'), readFileSync(elsewhere));
    assert.equal(erase(root), 0);
    assert.ok(readFileSync(elsewhere, 'utf8').includes('gone00'));
  });

  test('loses no line that other processes append at the same moment', async (t) => {
    const root = tempFolder(t);
    const writers = ['aaaaaa', 'bbbbbb', 'cccccc'].map((from) => {
      const child = spawn(process.execPath, [WRITER, root, from, String(LINES)], {
        stdio: ['ignore', 'ignore', 'inherit'],
      });
      t.after(() => child.kill('SIGKILL'));
      return once(child, 'close') as Promise<[number | null]>;
    });
    const over = new AbortController();
    const ends = Promise.all(writers).finally(() => over.abort());
    let erased = 0;
    while (!over.signal.aborted) {
      erased += erase(root);
      await new Promise((resolve) => setImmediate(resolve));
    }
    assert.deepEqual(await ends, [
      [0, null],
      [0, null],
      [0, null],
    ]);
    const duringIt = erased;
    erased += erase(root);
    assert.ok(duringIt > 0, 'nothing was erased while they wrote');
    assert.equal(erased, (3 * LINES) / 2);
    const kept = readJournalTail(root, 10 * LINES).map(({ from, summary }) => `${from} ${summary}`);
    const expected = ['aaaaaa', 'bbbbbb', 'cccccc'].flatMap((from) =>
      Array.from({ length: LINES / 2 }, (_, index) => `${from} kept ${2 * index + 1}`),
    );
    assert.deepEqual(kept.toSorted(), expected.toSorted());
    assert.ok(!readFileSync(journalFile(root, Date.now()), 'utf8').includes('secret'));
  });
});
