import assert from 'node:assert/strict';
import { readdirSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite, test } from 'node:test';
import { currentHolder, type HoldRequest, SeatHold } from '../../../src/directory/seat-hold.ts';
import { thisProcess } from '../../../src/lib/process-identity.ts';
import { deadProcess, otherProcess, tempRoot } from '../../fixtures/temp-root.ts';

const mine: HoldRequest = { process: thisProcess(), conversation: 'mine' };

suite('holding a seat', () => {
  test('a free seat is taken, a held one is not, a released one is free', (t) => {
    const folder = tempRoot(t).seat('aaaaaa');
    assert.equal(currentHolder(folder), undefined);
    const first = SeatHold.acquire(folder, mine);
    assert.equal(first?.generation, 1);
    assert.equal(currentHolder(folder)?.free, false);
    assert.equal(SeatHold.acquire(folder, { ...mine, process: otherProcess() }), undefined);
    assert.equal(SeatHold.acquire(folder, mine), undefined, 'not even by the same process');
    assert.equal(first.release(), true);
    assert.equal(currentHolder(folder)?.free, true);
    assert.equal(SeatHold.acquire(folder, mine)?.generation, 2);
  });

  test('[S1] the late end of an old holder does not free the seat of the new one', (t) => {
    const folder = tempRoot(t).seat('aaaaaa');
    const old = SeatHold.acquire(folder, mine);
    const next = SeatHold.acquire(folder, { process: otherProcess(), conversation: 'next', preempt: true });
    assert.equal(old?.isCurrent(), false);
    assert.equal(old.release(), false);
    old.renew();
    assert.equal(next?.isCurrent(), true);
    assert.deepEqual([currentHolder(folder)?.free, currentHolder(folder)?.conversation], [false, 'next']);
    assert.equal(next.release(), true);
    assert.equal(next.release(), true, 'releasing twice is fine');
  });

  test('the end of a holder from long ago brings no old generation back', (t) => {
    const folder = tempRoot(t).seat('aaaaaa');
    const old = SeatHold.acquire(folder, mine);
    for (let i = 0; i < 10; i += 1) SeatHold.acquire(folder, { ...mine, preempt: true });
    assert.equal(old?.release(), false);
    assert.equal(currentHolder(folder)?.generation, 11);
    assert.equal(readdirSync(folder.holders).length, 3, 'old generations are swept');
  });

  test('a dead process holds nothing: ended, or its pid was given to another process', (t) => {
    const folder = tempRoot(t).seat('aaaaaa');
    assert.ok(SeatHold.acquire(folder, { ...mine, process: deadProcess() }));
    assert.equal(currentHolder(folder)?.free, true);
    assert.equal(SeatHold.acquire(folder, mine)?.generation, 2);
  });

  test('a holder of another boot or container is free only after it was silent for long', (t) => {
    const folder = tempRoot(t).seat('aaaaaa');
    const elsewhere = { ...thisProcess(), host: '00000000' };
    const hold = SeatHold.acquire(folder, { process: elsewhere, conversation: 'c' });
    const path = join(folder.holders, '1.json');
    const setAge = (ms: number): void => utimesSync(path, (Date.now() - ms) / 1000, (Date.now() - ms) / 1000);
    setAge(2 * 60_000);
    assert.equal(SeatHold.acquire(folder, mine), undefined);
    setAge(4 * 60_000);
    assert.equal(currentHolder(folder)?.free, true);
    hold?.renew();
    assert.equal(currentHolder(folder)?.free, false, 'it showed that it lives');
    setAge(4 * 60_000);
    assert.equal(SeatHold.acquire(folder, mine)?.generation, 2);
    assert.equal(hold?.isCurrent(), false);
  });

  test('a damaged holder file uses up its generation and holds nothing', (t) => {
    const folder = tempRoot(t).seat('aaaaaa');
    writeFileSync(join(folder.holders, '7.json'), '{"process":');
    writeFileSync(join(folder.holders, 'x.json'), '{}');
    writeFileSync(join(folder.holders, '99999999999.json'), '{}');
    assert.equal(SeatHold.acquire(folder, mine)?.generation, 8);
  });

  test('a file with a number that no holder can have reached keeps nobody from the seat', (t) => {
    const folder = tempRoot(t).seat('aaaaaa');
    for (const number of ['999999999', '100000000', '99999999999999999999'])
      writeFileSync(join(folder.holders, `${number}.json`), '{}');
    assert.equal(currentHolder(folder), undefined);
    assert.equal(SeatHold.acquire(folder, mine)?.generation, 1);
  });

  test('a seat whose last number is used up counts as held', (t) => {
    const folder = tempRoot(t).seat('aaaaaa');
    writeFileSync(join(folder.holders, '99999999.json'), '{}');
    assert.equal(SeatHold.acquire(folder, mine), undefined);
  });

  test('a holder whose seat was removed neither holds it nor brings it back', (t) => {
    const folder = tempRoot(t).seat('aaaaaa');
    const hold = SeatHold.acquire(folder, mine);
    rmSync(folder.path, { recursive: true });
    assert.equal(hold?.isCurrent(), false);
    hold.renew();
    assert.equal(hold.release(), false);
    assert.throws(() => readdirSync(folder.path), { code: 'ENOENT' });
    assert.throws(() => SeatHold.acquire(folder, mine), { code: 'root-unusable' });
  });
});
