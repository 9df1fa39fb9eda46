import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite, type TestContext, test } from 'node:test';
import { listPeers } from '../../../../src/directory/peers.ts';
import { writeSeatRecord } from '../../../../src/directory/seat-record.ts';
import { nearestShellSeat } from '../../../../src/directory/shell-seat.ts';
import { freshRecord } from '../../../../src/directory/take-seat.ts';
import { pingSeats } from '../../../../src/installer/checks/ping-seats.ts';
import { systemClock } from '../../../../src/lib/clock.ts';
import { watchFolders } from '../../../../src/lib/folder-watch.ts';
import { post } from '../../../../src/mailbox/post.ts';
import { createSeatFolder, openRoot, type SeatFolder } from '../../../../src/mailbox/seat-folder.ts';
import { type MessageId, newSeatId, type SeatId } from '../../../../src/protocol/ids.ts';
import { type FakeClaude, fakeClaude } from '../../../fixtures/fake-claude.ts';
import { deadProcess } from '../../../fixtures/temp-root.ts';

function machine(t: TestContext): FakeClaude {
  const fake = fakeClaude(t);
  openRoot(fake.root);
  return fake;
}

function seatsOf({ root }: FakeClaude): string[] {
  return readdirSync(join(root, 'seats')).sort();
}

/** Answers every ping to a seat as an attendant does, until the test ends; `onPing` is called before. */
function attend(t: TestContext, { root }: FakeClaude, onPing: () => void = () => undefined): SeatFolder {
  const folder = createSeatFolder(root, newSeatId());
  const answered = new Set<string>();
  const look = (): void => {
    for (const name of readdirSync(folder.inbox)) {
      if (!name.endsWith('.json') || answered.has(name)) continue;
      answered.add(name);
      onPing();
      const text = readFileSync(join(folder.inbox, name), 'utf8');
      const { id, from } = JSON.parse(text) as { id: MessageId; from: SeatId };
      const draft = { to: from, type: 'ping', content: 'pong', inReplyTo: id, metadata: {} } as const;
      post({ root, clock: systemClock }, folder, draft);
    }
  };
  const watch = watchFolders([folder.inbox], { onChange: look, rescanMs: 50, pollMs: 50 });
  t.after(() => watch.close());
  return folder;
}

suite('pings of doctor', () => {
  test('tell who answers and who does not, and leave no seat behind', async (t) => {
    const fake = machine(t);
    const present = attend(t, fake);
    const silent = createSeatFolder(fake.root, newSeatId());
    const gone = newSeatId();
    const before = seatsOf(fake);
    const results = await pingSeats(fake.context, [present.id, silent.id, gone], { timeoutMs: 400 });
    assert.equal(results.get(present.id)?.kind, 'answered');
    assert.deepEqual(results.get(silent.id), { kind: 'silent' });
    assert.equal(results.get(gone)?.kind, 'failed');
    assert.deepEqual(seatsOf(fake), before);
  });

  test('end as soon as all have answered, or when the person gives up', async (t) => {
    const fake = machine(t);
    const startedAt = performance.now();
    await pingSeats(fake.context, [attend(t, fake).id], { timeoutMs: 20_000 });
    const signal = AbortSignal.abort();
    const silent = createSeatFolder(fake.root, newSeatId());
    const results = await pingSeats({ ...fake.context, signal }, [silent.id], { timeoutMs: 20_000 });
    assert.deepEqual(results.get(silent.id), { kind: 'silent' });
    assert.ok(performance.now() - startedAt < 10_000);
  });

  test('come from a seat that no command takes for its own', async (t) => {
    const fake = machine(t);
    const names: string[] = [];
    const present = attend(t, fake, () => {
      const peers = listPeers(fake.root, systemClock.now());
      names.push(...peers.map(({ name }) => name));
      for (const folder of [fake.home, fake.root]) assert.equal(nearestShellSeat(peers, folder), undefined);
    });
    await pingSeats(fake.context, [present.id], { timeoutMs: 20_000 });
    assert.deepEqual(names, ['doctor']);
  });

  test('take along the seat of a doctor that was killed', async (t) => {
    const fake = machine(t);
    const killed = createSeatFolder(fake.root, newSeatId());
    const request = { clock: systemClock, version: '1.0.0', projectPath: join(fake.root, 'doctor') };
    const record = freshRecord(request, killed.id, { name: 'doctor', kind: 'shell' });
    writeSeatRecord(killed, { ...record, ephemeral: true, holder: deadProcess() });
    const present = attend(t, fake);
    await pingSeats(fake.context, [present.id], { timeoutMs: 20_000 });
    assert.deepEqual(seatsOf(fake), [present.id]);
  });
});
