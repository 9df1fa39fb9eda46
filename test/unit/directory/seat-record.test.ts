import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite, test } from 'node:test';
import { readSeatRecord, updateSeatRecord, writeSeatRecord } from '../../../src/directory/seat-record.ts';
import {
  findShellSeat,
  renewShellSeat,
  type ShellRequest,
  startShellSeat,
} from '../../../src/directory/shell-seat.ts';
import { setVerdict, trustFile, verdictOf } from '../../../src/directory/trust.ts';
import { type ProcessIdentity, thisProcess } from '../../../src/lib/process-identity.ts';
import { buildFacade, hasFacade } from '../../../src/mailbox/facade.ts';
import { facadeOf, seatsFolder } from '../../../src/mailbox/seat-folder.ts';
import type { SeatId } from '../../../src/protocol/ids.ts';
import { seatRecord } from '../../fixtures/seat-record.ts';
import { deadProcess, type TempRoot, tempRoot } from '../../fixtures/temp-root.ts';

function shell({ root, clock }: TempRoot, projectPath: string): ShellRequest {
  return { root, clock, projectPath, version: '1.0.0' };
}

suite('changing a seat’s record', () => {
  test('keys that others wrote stay, also ones that this version does not know; v1’s manifest follows', async (t) => {
    const temp = tempRoot(t);
    const folder = temp.seat('aaaaaa');
    writeFileSync(folder.record, JSON.stringify({ ...seatRecord('aaaaaa'), later: { x: 1 } }));
    buildFacade(temp.root, seatRecord('aaaaaa'));
    const updated = await updateSeatRecord(temp.root, folder, { about: 'payments' });
    assert.deepEqual([updated?.about, updated?.['later']], ['payments', { x: 1 }]);
    const manifest = JSON.parse(readFileSync(facadeOf(temp.root, folder.id).manifest, 'utf8')) as Record<
      string,
      unknown
    >;
    assert.deepEqual([manifest['about'], manifest['status']], ['payments', 'active']);
  });

  test('a state that a newer version has written is taken for the default, and stays in the file', async (t) => {
    const temp = tempRoot(t);
    const folder = temp.seat('aaaaaa');
    const later = { kind: 'web', state: 'thinking', attention: 'vip' };
    writeFileSync(folder.record, JSON.stringify({ ...seatRecord('aaaaaa'), ...later }));
    const { kind, state, attention } = readSeatRecord(folder) ?? {};
    assert.deepEqual([kind, state, attention], ['live', 'away', 'open']);
    await updateSeatRecord(temp.root, folder, { about: 'payments' });
    const written = JSON.parse(readFileSync(folder.record, 'utf8')) as Record<string, unknown>;
    assert.deepEqual(
      [written['about'], written['kind'], written['state'], written['attention']],
      ['payments', 'web', 'thinking', 'vip'],
    );
  });

  test('no façade is built for a seat that has none, and no record for a seat that is gone', async (t) => {
    const temp = tempRoot(t);
    const folder = temp.seat('aaaaaa');
    writeSeatRecord(folder, seatRecord('aaaaaa'));
    await updateSeatRecord(temp.root, folder, { about: 'x' });
    assert.equal(hasFacade(temp.root, folder.id), false);
    rmSync(folder.path, { recursive: true });
    assert.equal(await updateSeatRecord(temp.root, folder, { about: 'y' }), undefined);
    assert.deepEqual(readdirSync(seatsFolder(temp.root)), []);
  });

  test('of many changes at once none is lost', async (t) => {
    const temp = tempRoot(t);
    const folder = temp.seat('aaaaaa');
    writeSeatRecord(folder, seatRecord('aaaaaa'));
    const changes = Array.from({ length: 50 }, (_, index) =>
      updateSeatRecord(temp.root, folder, { [`key${index}`]: index }),
    );
    await Promise.all(changes);
    const record = readSeatRecord(folder);
    for (let index = 0; index < 50; index += 1) assert.equal(record?.[`key${index}`], index);
  });

  test('a lock that somebody keeps delays a change by half a second at most; one of a dead process not at all', async (t) => {
    const temp = tempRoot(t);
    const folder = temp.seat('aaaaaa');
    writeSeatRecord(folder, seatRecord('aaaaaa'));
    const lock = join(folder.path, '.seat-lock');
    const lockBy = ({ pid, start, host }: ProcessIdentity): void =>
      writeFileSync(lock, `${pid}~${start}~${host}~abcdefgh`);
    lockBy(deadProcess());
    assert.equal((await updateSeatRecord(temp.root, folder, { about: 'one' }))?.about, 'one');
    assert.ok(!existsSync(lock), 'it does not count and is removed');
    lockBy(thisProcess());
    const before = performance.now();
    assert.equal((await updateSeatRecord(temp.root, folder, { about: 'two' }))?.about, 'two');
    assert.ok(performance.now() - before >= 400);
    assert.ok(existsSync(lock));
  });
});

suite('the seat of a shell', () => {
  test('starting twice in a folder gives one seat; a folder below finds it, one above does not', (t) => {
    const temp = tempRoot(t);
    const first = startShellSeat(shell(temp, '/projects/app'), undefined);
    assert.equal(first.record.name, 'app');
    assert.equal(
      startShellSeat(shell(temp, '/projects/app'), 'other').record.sessionId,
      first.record.sessionId,
    );
    assert.equal(
      findShellSeat(shell(temp, '/projects/app/src/deep'))?.record.sessionId,
      first.record.sessionId,
    );
    assert.equal(findShellSeat(shell(temp, '/projects')), undefined);
    assert.equal(findShellSeat(shell(temp, '/projects/application')), undefined);
    const below = startShellSeat(shell(temp, '/projects/app/src'), 'mine');
    assert.deepEqual([below.record.name, below.record.kind], ['mine', 'shell']);
    assert.equal(
      findShellSeat(shell(temp, '/projects/app/src/deep'))?.record.sessionId,
      below.record.sessionId,
    );
  });

  test('[M6] a façade that v1 deleted is built again when the seat is used, and the heartbeat follows once a minute', async (t) => {
    const temp = tempRoot(t);
    const seat = startShellSeat(shell(temp, '/projects/app'), undefined);
    rmSync(facadeOf(temp.root, seat.folder.id).path, { recursive: true });
    await renewShellSeat(shell(temp, '/projects/app'), seat);
    assert.equal(hasFacade(temp.root, seat.folder.id), true);
    assert.equal(readSeatRecord(seat.folder)?.lastHeartbeat, seat.record.lastHeartbeat);
    temp.clock.offsetMs = 61_000;
    await renewShellSeat(shell(temp, '/projects/app'), seat);
    assert.notEqual(readSeatRecord(seat.folder)?.lastHeartbeat, seat.record.lastHeartbeat);
  });
});

suite('verdicts about peers', () => {
  const [sender, receiver, other] = ['aaaaaa', 'bbbbbb', 'cccccc'] as [SeatId, SeatId, SeatId];

  test('one for a seat goes before one for all; nothing known is undecided', (t) => {
    const { root } = tempRoot(t);
    assert.equal(verdictOf(root, { sender, receiver }), 'undecided');
    setVerdict(root, { sender, receiver: undefined, verdict: 'blocked' });
    setVerdict(root, { sender, receiver, verdict: 'trusted' });
    assert.equal(verdictOf(root, { sender, receiver }), 'trusted');
    assert.equal(verdictOf(root, { sender, receiver: other }), 'blocked');
    assert.equal(verdictOf(root, { sender: other, receiver }), 'undecided');
  });

  test('a damaged file of verdicts lets nobody in', (t) => {
    const { root } = tempRoot(t);
    setVerdict(root, { sender, receiver, verdict: 'trusted' });
    writeFileSync(trustFile(root), readFileSync(trustFile(root), 'utf8').slice(0, 40));
    assert.equal(verdictOf(root, { sender, receiver }), 'undecided');
  });

  test('a verdict that this version does not know costs no other one, and stays in the file', (t) => {
    const { root } = tempRoot(t);
    setVerdict(root, { sender, receiver, verdict: 'blocked' });
    const kept = JSON.parse(readFileSync(trustFile(root), 'utf8')) as { verdicts: Record<string, unknown> };
    const later = { '*': 'muted', [sender]: { until: 7 } };
    Object.assign(kept.verdicts, { [other]: later, dddddd: 'later' });
    writeFileSync(trustFile(root), JSON.stringify({ ...kept, format: 9 }));
    assert.equal(verdictOf(root, { sender, receiver }), 'blocked');
    assert.equal(verdictOf(root, { sender: other, receiver }), 'undecided');
    setVerdict(root, { sender: other, receiver, verdict: 'trusted' });
    assert.deepEqual(JSON.parse(readFileSync(trustFile(root), 'utf8')), {
      verdicts: {
        [sender]: { [receiver]: 'blocked' },
        [other]: { ...later, [receiver]: 'trusted' },
        dddddd: 'later',
      },
      format: 9,
    });
  });

  test('a file of verdicts that cannot be understood is not written over', (t) => {
    const { root } = tempRoot(t);
    for (const text of ['{"verdicts":{"aaaaaa":', '[]', '{"verdicts":[]}', '{"verdicts":"all"}', '']) {
      writeFileSync(trustFile(root), text);
      assert.throws(() => setVerdict(root, { sender, receiver, verdict: 'trusted' }), {
        code: 'setting-invalid',
        message: /trust\.json/,
      });
      assert.equal(readFileSync(trustFile(root), 'utf8'), text);
    }
  });
});
