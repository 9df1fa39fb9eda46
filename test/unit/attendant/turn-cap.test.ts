import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { turnCap } from '../../../src/attendant/turn-cap.ts';
import { HOUR_MS } from '../../fixtures/temp-root.ts';

const NOW = 1_800_000_000_000;

suite('the cap on turns that peers cause', () => {
  test('[S2] allows so many in any hour, and the next one when the first is an hour old', () => {
    const cap = turnCap(3);
    for (const minute of [0, 10, 20]) {
      const atMs = NOW + minute * 60_000;
      assert.equal(cap.allows(atMs), true);
      cap.record(atMs);
    }
    assert.equal(cap.allows(NOW + 20 * 60_000), false);
    assert.equal(cap.allows(NOW + HOUR_MS - 1), false);
    assert.equal(cap.allows(NOW + HOUR_MS), true);
    cap.record(NOW + HOUR_MS);
    assert.equal(cap.allows(NOW + HOUR_MS), false);
    assert.equal(cap.allows(NOW + HOUR_MS + 10 * 60_000), true);
  });

  test('tells how many there were in the last hour', () => {
    const cap = turnCap(20);
    cap.record(NOW);
    cap.record(NOW + 60_000);
    assert.deepEqual(
      [cap.used(NOW + 60_000), cap.used(NOW + HOUR_MS), cap.used(NOW + 2 * HOUR_MS)],
      [2, 1, 0],
    );
    assert.equal(cap.perHour, 20);
  });

  test('counts what an earlier process caused', () => {
    const cap = turnCap(2);
    cap.restore([NOW - 2 * HOUR_MS, NOW - 60_000]);
    assert.equal(cap.used(NOW), 1);
    cap.record(NOW);
    assert.equal(cap.allows(NOW), false);
    assert.deepEqual(cap.times, [NOW - 60_000, NOW]);
  });

  test('a turn that was not caused after all is not counted', () => {
    const cap = turnCap(1);
    const takeBack = cap.record(NOW);
    assert.equal(cap.allows(NOW), false);
    takeBack();
    takeBack();
    assert.equal(cap.allows(NOW), true);
  });

  test('a clock that is set back does not shut the session off for longer than an hour', () => {
    const cap = turnCap(1);
    cap.record(NOW);
    assert.equal(cap.allows(NOW - 10 * HOUR_MS), true);
  });
});
