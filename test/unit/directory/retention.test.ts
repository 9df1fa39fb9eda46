import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readdirSync, renameSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite, test } from 'node:test';
import { hasMail, pruneSeat, pruneSeats, removeSeat } from '../../../src/directory/retention.ts';
import { SeatHold } from '../../../src/directory/seat-hold.ts';
import { writeSeatRecord } from '../../../src/directory/seat-record.ts';
import { thisProcess } from '../../../src/lib/process-identity.ts';
import { buildFacade } from '../../../src/mailbox/facade.ts';
import { statesOf } from '../../../src/mailbox/receipts.ts';
import { facadeOf, type SeatFolder, seatsFolder } from '../../../src/mailbox/seat-folder.ts';
import type { MessageId } from '../../../src/protocol/ids.ts';
import type { SeatRecord } from '../../../src/protocol/seat.ts';
import { messageText } from '../../fixtures/message-text.ts';
import { seatRecord } from '../../fixtures/seat-record.ts';
import {
  DAY_MS,
  deadProcess,
  filesBelow,
  HOUR_MS,
  type TempRoot,
  tempRoot,
} from '../../fixtures/temp-root.ts';

function options({ root, clock }: TempRoot): Parameters<typeof pruneSeats>[0] {
  return { root, clock, keepMs: 30 * DAY_MS, keepSeatsMs: 90 * DAY_MS, expiresAfterMs: 7 * DAY_MS };
}

function seatWith(temp: TempRoot, id: string, changes: Partial<SeatRecord> = {}): SeatFolder {
  const folder = temp.seat(id);
  writeSeatRecord(folder, seatRecord(id, changes));
  buildFacade(temp.root, seatRecord(id, changes));
  return folder;
}

suite('seats that nobody uses', () => {
  test('one goes once it is unused for as long as seats are kept, with its façade', (t) => {
    const temp = tempRoot(t);
    const seat = seatWith(temp, 'aaaaaa');
    temp.clock.offsetMs = 89 * DAY_MS;
    assert.equal(pruneSeats(options(temp)), 0);
    temp.clock.offsetMs = 91 * DAY_MS;
    assert.equal(pruneSeats(options(temp)), 1);
    assert.ok(!existsSync(seat.path));
    assert.ok(!existsSync(facadeOf(temp.root, seat.id).path));
    assert.deepEqual(readdirSync(seatsFolder(temp.root)), []);
  });

  test('one that somebody sits on stays however old its heartbeat is', (t) => {
    const temp = tempRoot(t);
    const seat = seatWith(temp, 'aaaaaa');
    assert.ok(SeatHold.acquire(seat, { process: thisProcess(), conversation: 'c' }));
    temp.clock.offsetMs = 365 * DAY_MS;
    assert.equal(pruneSeats(options(temp)), 0);
  });

  test('[M1] one with mail, taken or not, stays until that has expired, and the sender is told', (t) => {
    const temp = tempRoot(t);
    const [a, b] = [seatWith(temp, 'aaaaaa'), seatWith(temp, 'bbbbbb')];
    assert.ok(SeatHold.acquire(a, { process: thisProcess(), conversation: 'c' }));
    const sent = [
      temp.send(a, b, { expiresAfterMs: 200 * DAY_MS }),
      temp.send(a, b, { expiresAfterMs: 200 * DAY_MS }),
    ];
    assert.ok(temp.inbox(b, { process: deadProcess() }).claim(sent[0]?.id as MessageId));
    temp.clock.offsetMs = 100 * DAY_MS;
    assert.equal(pruneSeats(options(temp)), 0);
    assert.ok(hasMail(b));
    temp.clock.offsetMs = 201 * DAY_MS;
    assert.equal(pruneSeats(options(temp)), 1);
    assert.ok(!existsSync(b.path));
    for (const { id } of sent) assert.equal(statesOf(a, id).at(-1)?.state, 'expired');
  });

  test('the mail of a seat where nobody looks expires in time', (t) => {
    const temp = tempRoot(t);
    const [a, b] = [seatWith(temp, 'aaaaaa'), seatWith(temp, 'bbbbbb')];
    const { id } = temp.send(a, b);
    temp.clock.offsetMs = 8 * DAY_MS;
    pruneSeats(options(temp));
    assert.equal(statesOf(a, id).at(-1)?.state, 'expired');
    assert.equal(hasMail(b), false);
  });

  test('[M1] mail that v1 left in the façade keeps the seat', (t) => {
    const temp = tempRoot(t);
    const b = seatWith(temp, 'bbbbbb');
    temp.clock.offsetMs = 100 * DAY_MS;
    writeFileSync(join(facadeOf(temp.root, b.id).inbox, 'msg-000000000001.json'), messageText());
    assert.equal(removeSeat(temp.root, b), false);
    assert.equal(temp.inbox(b).pending().length, 0, 'it has expired by now');
    temp.clock.offsetMs = 0;
    writeFileSync(join(b.inbox, 'msg-000000000002.json'), messageText({ id: 'msg-000000000002' }));
    assert.equal(temp.inbox(b).pending().length, 1);
  });

  test('[M1] mail that comes at the last moment brings the seat back', (t) => {
    const temp = tempRoot(t);
    const [a, b] = [seatWith(temp, 'aaaaaa'), seatWith(temp, 'bbbbbb')];
    const { id } = temp.send(a, b);
    assert.equal(removeSeat(temp.root, b), false);
    assert.deepEqual(
      temp
        .inbox(b)
        .pending()
        .map((pending) => pending.id),
      [id],
    );
  });

  test('[M1] a removal that was killed in the middle is ended, or undone when there is mail', (t) => {
    const temp = tempRoot(t);
    const seats = seatsFolder(temp.root);
    const [a, b, c, d] = ['aaaaaa', 'bbbbbb', 'cccccc', 'dddddd'].map((id) => seatWith(temp, id)) as [
      SeatFolder,
      SeatFolder,
      SeatFolder,
      SeatFolder,
    ];
    const [toB, toD] = [temp.send(a, b), temp.send(a, d)];
    for (const seat of [b, c, d]) renameSync(seat.path, join(seats, `.removed-${seat.id}-1`));
    temp.seat('dddddd');
    mkdirSync(join(seats, '.removed-strange'));
    pruneSeats(options(temp));
    assert.deepEqual(
      temp
        .inbox(b)
        .pending()
        .map(({ id }) => id),
      [toB.id],
    );
    assert.ok(!existsSync(c.path));
    assert.deepEqual(
      temp
        .inbox(d)
        .pending()
        .map(({ id }) => id),
      [toD.id],
    );
    pruneSeats(options(temp));
    assert.deepEqual(readdirSync(seats).sort(), ['.removed-strange', 'aaaaaa', 'bbbbbb', 'dddddd']);
  });

  test('a seat of a session that no person started goes an hour after that ended, without mail', (t) => {
    const temp = tempRoot(t);
    const [a, b] = [seatWith(temp, 'aaaaaa'), seatWith(temp, 'bbbbbb', { ephemeral: true })];
    assert.equal(pruneSeats(options(temp)), 0);
    temp.clock.offsetMs = 2 * HOUR_MS;
    const { id } = temp.send(a, b);
    assert.equal(pruneSeats(options(temp)), 0);
    temp.clock.offsetMs = 9 * DAY_MS;
    assert.equal(pruneSeats(options(temp)), 1);
    assert.equal(statesOf(a, id).at(-1)?.state, 'expired');
  });

  test('one whose heartbeat is no time is kept from when it was last changed', (t) => {
    const temp = tempRoot(t);
    const seat = seatWith(temp, 'aaaaaa', { lastHeartbeat: 'soon' });
    temp.clock.offsetMs = 89 * DAY_MS;
    assert.equal(pruneSeats(options(temp)), 0);
    temp.clock.offsetMs = 91 * DAY_MS;
    assert.equal(pruneSeats(options(temp)), 1);
    assert.ok(!existsSync(seat.path));
  });

  test('a seat folder without a record, as a kill leaves it, goes too in the end', (t) => {
    const temp = tempRoot(t);
    const seat = temp.seat('aaaaaa');
    assert.equal(pruneSeats(options(temp)), 0);
    temp.clock.offsetMs = 91 * DAY_MS;
    assert.equal(pruneSeats(options(temp)), 1);
    assert.ok(!existsSync(seat.path));
  });
});

suite('what a seat keeps', () => {
  test('temporary files of killed processes are swept once they are old', (t) => {
    const temp = tempRoot(t);
    const seat = seatWith(temp, 'aaaaaa');
    const folders = [seat.path, seat.claimed, seat.sending, seat.receipts, seat.holders];
    for (const folder of folders) {
      writeFileSync(join(folder, '.tmp-1-old'), '');
      utimesSync(join(folder, '.tmp-1-old'), 1, 1);
      writeFileSync(join(folder, '.tmp-1-new'), '');
    }
    pruneSeat(options(temp), seat, 0);
    for (const folder of folders)
      assert.deepEqual(
        readdirSync(folder).filter((name) => name.startsWith('.tmp')),
        ['.tmp-1-new'],
        folder,
      );
  });

  test('a folder under the name of a temporary file keeps nothing from being looked after', (t) => {
    const temp = tempRoot(t);
    const [a, b] = [seatWith(temp, 'aaaaaa'), seatWith(temp, 'bbbbbb')];
    const { id } = temp.send(a, b);
    for (const folder of [temp.root, seatsFolder(temp.root), b.path]) {
      mkdirSync(join(folder, '.tmp-odd'));
      utimesSync(join(folder, '.tmp-odd'), 1, 1);
    }
    temp.clock.offsetMs = 8 * DAY_MS;
    pruneSeats(options(temp));
    pruneSeat(options(temp), b, 0);
    assert.equal(statesOf(a, id).at(-1)?.state, 'expired');
  });

  test('the folder in which doctor tried whether changes are told goes once it is old', (t) => {
    const temp = tempRoot(t);
    const trials = ['.tmp-watch-1-aaaaaa', '.tmp-watch-2-bbbbbb'].map((name) => join(temp.root, name));
    for (const trial of trials) {
      mkdirSync(trial);
      writeFileSync(join(trial, 'event'), '');
    }
    utimesSync(trials[0] ?? '', 1, 1);
    pruneSeats(options(temp));
    assert.deepEqual(trials.map(existsSync), [false, true]);
  });

  test('handled messages and sent copies are kept for as long as the setting says', (t) => {
    const temp = tempRoot(t);
    const [a, b] = [seatWith(temp, 'aaaaaa'), seatWith(temp, 'bbbbbb')];
    const mine = temp.inbox(b);
    const claimed = mine.claim(temp.send(a, b).id);
    assert.ok(claimed);
    mine.settle(claimed);
    const prune = (): void => {
      for (let turn = 0; turn < 40; turn += 1)
        for (const seat of [a, b]) pruneSeat(options(temp), seat, turn);
    };
    temp.clock.offsetMs = 29 * DAY_MS;
    prune();
    assert.deepEqual([filesBelow(a.outbox).length, filesBelow(b.read).length], [1, 1]);
    temp.clock.offsetMs = 31 * DAY_MS;
    prune();
    assert.deepEqual([filesBelow(a.outbox).length, filesBelow(b.read).length], [0, 0]);
  });
});
