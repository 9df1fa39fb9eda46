import assert from 'node:assert/strict';
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { suite, test } from 'node:test';
import { keepIdleShellSeats } from '../../../src/directory/idle-shell-seats.ts';
import { writeSeatRecord } from '../../../src/directory/seat-record.ts';
import { buildFacade } from '../../../src/mailbox/facade.ts';
import { facadeOf, type SeatFolder } from '../../../src/mailbox/seat-folder.ts';
import type { SeatRecord } from '../../../src/protocol/seat.ts';
import { messageText } from '../../fixtures/message-text.ts';
import { seatRecord } from '../../fixtures/seat-record.ts';
import { HOUR_MS, type TempRoot, tempRoot } from '../../fixtures/temp-root.ts';

const ID = 'msg-000000000001';

function shellSeat(temp: TempRoot, id: string, changes: Partial<SeatRecord> = {}): SeatFolder {
  const folder = temp.seat(id);
  const record = seatRecord(id, { kind: 'shell', ...changes });
  writeSeatRecord(folder, record);
  return folder;
}

function heartbeatOf({ root }: TempRoot, { id }: SeatFolder): number {
  const text = readFileSync(facadeOf(root, id).manifest, 'utf8');
  return Date.parse((JSON.parse(text) as { lastHeartbeat: string }).lastHeartbeat);
}

suite('shell seats that nobody uses just now', () => {
  test('[M6] get what v1 wrote to them, and show v1 a heartbeat, so that its clean-up takes no mail', (t) => {
    const temp = tempRoot(t);
    const seat = shellSeat(temp, 'aaaaaa');
    buildFacade(temp.root, seatRecord('aaaaaa', { kind: 'shell' }));
    const before = readFileSync(seat.record, 'utf8');
    writeFileSync(join(facadeOf(temp.root, seat.id).inbox, `${ID}.json`), messageText({ to: seat.id }));
    temp.clock.offsetMs = HOUR_MS;
    keepIdleShellSeats(temp, 0);
    assert.deepEqual(readdirSync(seat.inbox), [`${ID}.json`]);
    assert.ok(heartbeatOf(temp, seat) > Date.now() + HOUR_MS - 10_000);
    assert.equal(readFileSync(seat.record, 'utf8'), before, 'it is no more in use than before');
  });

  test('[M6] get a façade again that v1 has deleted; a stopped one and that of a session get none', (t) => {
    const temp = tempRoot(t);
    const idle = shellSeat(temp, 'aaaaaa');
    const others = [
      shellSeat(temp, 'bbbbbb', { stopped: true }),
      shellSeat(temp, 'cccccc', { kind: 'live' }),
    ];
    keepIdleShellSeats(temp, 0);
    assert.ok(existsSync(facadeOf(temp.root, idle.id).inbox));
    for (const { id } of others) assert.equal(existsSync(facadeOf(temp.root, id).path), false);
  });

  test('are looked after some at a time, and one odd one keeps no other from it', (t) => {
    const temp = tempRoot(t);
    const seats = Array.from({ length: 120 }, (_, number) =>
      shellSeat(temp, `a${String(number).padStart(5, '0')}`),
    );
    const odd = facadeOf(temp.root, 'a00000' as SeatFolder['id']);
    mkdirSync(odd.path);
    symlinkSync('/', odd.inbox);
    const built = (): number => seats.filter(({ id }) => existsSync(facadeOf(temp.root, id).manifest)).length;
    keepIdleShellSeats(temp, 0);
    assert.equal(built(), 49);
    for (const turn of [1, 2]) keepIdleShellSeats(temp, turn);
    assert.equal(built(), 119);
    rmSync(odd.inbox);
  });
});
