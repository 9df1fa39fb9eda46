import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { ArrivalPace } from '../../../src/mail/arrival-pace.ts';
import type { SeatId } from '../../../src/protocol/ids.ts';
import { messageId } from '../attendant/messages.ts';

const FROM = 'aaaaaa' as SeatId;
let count = 0;

function arrival(
  arrivedMs: number,
  from = FROM,
): { id: ReturnType<typeof messageId>; from: SeatId; arrivedMs: number } {
  count += 1;
  return { id: messageId(count), from, arrivedMs };
}

suite('the pace at which one sender’s messages come', () => {
  test('[S2] allows so many in any minute, and counts each sender by itself', () => {
    const pace = new ArrivalPace(2);
    for (const atMs of [0, 1_000]) pace.note(arrival(atMs));
    assert.equal(pace.allows(arrival(30_000)), false);
    assert.equal(pace.allows(arrival(30_000, 'bbbbbb' as SeatId)), true);
    assert.equal(pace.allows(arrival(60_500)), true);
  });

  test('counts a message once, however often it is looked at', () => {
    const pace = new ArrivalPace(1);
    const one = arrival(0);
    for (let look = 0; look < 3; look += 1) {
      assert.equal(pace.allows(one), true);
      pace.note(one);
    }
    assert.equal(pace.allows(arrival(1)), false);
  });

  test('[M5] forgets what no longer counts', () => {
    const pace = new ArrivalPace(1);
    pace.note(arrival(0));
    pace.forget(119_999);
    assert.equal(pace.allows(arrival(1)), false);
    pace.forget(120_000);
    assert.equal(pace.allows(arrival(1)), true);
  });
});
