import assert from 'node:assert/strict';
import { readdirSync, rmSync, writeFileSync } from 'node:fs';
import { suite, type TestContext, test } from 'node:test';
import { limitsFrom } from '../../../src/config/settings.ts';
import { createSeat, freshRecord } from '../../../src/directory/take-seat.ts';
import { thisProcess } from '../../../src/lib/process-identity.ts';
import { Correspondent } from '../../../src/mail/correspondent.ts';
import { sayGoodbye } from '../../../src/mail/goodbye.ts';
import { findReceived } from '../../../src/mailbox/find-message.ts';
import type { SeatFolder } from '../../../src/mailbox/seat-folder.ts';
import type { MessageId } from '../../../src/protocol/ids.ts';
import type { SeatRecord } from '../../../src/protocol/seat.ts';
import { type TempRoot, tempRoot } from '../../fixtures/temp-root.ts';

interface Seat {
  readonly folder: SeatFolder;
  readonly record: SeatRecord;
}

function seat({ root, clock }: TempRoot, name: string, holder: SeatRecord['holder'] = thisProcess()): Seat {
  const request = { clock, projectPath: `/projects/${name}`, version: '1.0.0' };
  return createSeat(root, (id) => ({ ...freshRecord(request, id, { name, kind: 'live' }), holder }));
}

function typesIn({ folder }: Seat): string[] {
  return readdirSync(folder.inbox).flatMap((name) => {
    const found = findReceived(folder, name.slice(0, -'.json'.length) as MessageId);
    return found === undefined ? [] : [found.message.type];
  });
}

function goodbye({ root, clock }: TempRoot, me: Seat): void {
  const limits = limitsFrom({});
  const correspondent = new Correspondent({
    root,
    clock,
    limits,
    seat: () => me,
    permissionClass: () => undefined,
  });
  sayGoodbye({ root, clock, folder: me.folder }, correspondent);
}

function bench(t: TestContext): { root: TempRoot; me: Seat } {
  const root = tempRoot(t);
  return { root, me: seat(root, 'lib') };
}

suite('a session that ends', () => {
  test('tells the peers that it exchanged messages with, each once, and nobody else', (t) => {
    const { root, me } = bench(t);
    const [wrote, written, stranger] = [seat(root, 'wrote'), seat(root, 'written'), seat(root, 'stranger')];
    root.send(wrote.folder, me.folder);
    root.send(wrote.folder, me.folder);
    root.send(me.folder, written.folder);
    root.send(stranger.folder, written.folder);
    goodbye(root, me);
    assert.deepEqual(
      [typesIn(wrote), typesIn(written).sort(), typesIn(stranger)],
      [['session-ended'], ['note', 'note', 'session-ended'], []],
    );
    assert.equal(typesIn(me).includes('session-ended'), false);
  });

  test('does not fill the mailboxes of peers that are away, nor answer a goodbye with one', (t) => {
    const { root, me } = bench(t);
    const [away, ended] = [seat(root, 'away', null), seat(root, 'ended')];
    root.send(away.folder, me.folder);
    root.send(ended.folder, me.folder, { type: 'session-ended', content: '' });
    goodbye(root, me);
    assert.deepEqual([typesIn(away), typesIn(ended)], [[], []]);
  });

  test('ends also when a peer’s mailbox is gone meanwhile', (t) => {
    const { root, me } = bench(t);
    const [gone, there] = [seat(root, 'gone'), seat(root, 'there')];
    root.send(gone.folder, me.folder);
    root.send(there.folder, me.folder);
    rmSync(gone.folder.inbox, { recursive: true });
    writeFileSync(gone.folder.inbox, 'in the way');
    goodbye(root, me);
    assert.deepEqual(typesIn(there), ['session-ended']);
  });
});
