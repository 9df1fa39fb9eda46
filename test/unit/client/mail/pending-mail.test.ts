import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite, type TestContext, test } from 'node:test';
import { waitingMail } from '../../../../src/client/mail/pending-mail.ts';
import { journalFile } from '../../../../src/mailbox/journal.ts';
import { readJournalTail } from '../../../../src/mailbox/journal-tail.ts';
import type { SeatFolder } from '../../../../src/mailbox/seat-folder.ts';
import { messageText } from '../../../fixtures/message-text.ts';
import { tempRoot } from '../../../fixtures/temp-root.ts';

const ENTRIES = 2000;
const idOf = (number: number): string => `msg-${String(number).padStart(12, '0')}`;

/** A seat with mail of session-bridge v1, which keeps no receipts, and a journal that holds two of the messages. */
function waiting(t: TestContext, messages: number): { root: string; folder: SeatFolder } {
  const { root, seat } = tempRoot(t);
  const folder = seat('bbbbbb');
  for (let number = 0; number < messages; number += 1)
    writeFileSync(
      join(folder.inbox, `${idOf(number)}.json`),
      messageText({ id: idOf(number), from: 'v1v1v1' }),
    );
  const lines = Array.from({ length: ENTRIES }, (_, number) => {
    const states = { 5: 'held', 7: 'held', [ENTRIES - 1]: 'seen' } as Record<number, string>;
    const message =
      number === ENTRIES - 1 ? idOf(7) : number in states ? idOf(number) : idOf(10_000 + number);
    const at = new Date(Date.now() + number).toISOString();
    const reason = `reason ${number} ${'y'.repeat(150)}`;
    const entry = { state: states[number] ?? 'delivered', at, by: 'bbbbbb', reason, message };
    return `\n${JSON.stringify({ ...entry, from: 'v1v1v1', to: 'bbbbbb', type: 'query', inReplyTo: null })}`;
  });
  mkdirSync(join(root, 'log'));
  writeFileSync(journalFile(root, Date.now()), lines.join(''));
  return { root, folder };
}

function timed(work: () => unknown): number {
  const startedMs = performance.now();
  work();
  return performance.now() - startedMs;
}

suite('mail that waits', () => {
  test('is held or not as the journal says, where the sender keeps no receipts', (t) => {
    const { root, folder } = waiting(t, 10);
    const held = waitingMail(root, folder.id).filter(({ heldBecause }) => heldBecause !== undefined);
    assert.deepEqual(
      held.map(({ message, heldBecause }) => [message.id, heldBecause?.slice(0, 8)]),
      [[idOf(5), 'reason 5']],
    );
  });

  test('[M5] is listed by one look at the journal, however many messages there are', (t) => {
    const { root, folder } = waiting(t, 300);
    const lookMs = Math.min(...[1, 2, 3].map(() => timed(() => readJournalTail(root, ENTRIES))));
    const listMs = timed(() => assert.equal(waitingMail(root, folder.id).length, 300));
    assert.ok(listMs < 100 * lookMs, `${listMs} ms, a look at the journal takes ${lookMs} ms`);
  });
});
