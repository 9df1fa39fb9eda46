import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { array, assert as check, constantFrom, integer, property, record } from 'fast-check';
import type { SeatId } from '../../../src/protocol/ids.ts';
import {
  currentState,
  MESSAGE_STATES,
  type MessageState,
  mergeStates,
  type StateRecord,
} from '../../../src/protocol/receipt.ts';

function at(state: MessageState, second: number, more: Partial<StateRecord> = {}): StateRecord {
  return { state, at: `2026-11-20T22:41:0${second}.000Z`, by: 'bbbbbb' as SeatId, ...more };
}

const anyRecord = record({
  state: constantFrom(...MESSAGE_STATES),
  at: integer({ min: 0, max: 9 }).map((second) => `2026-11-20T22:41:0${second}.000Z`),
  by: constantFrom('aaaaaa' as SeatId, 'bbbbbb' as SeatId),
  path: constantFrom('listen' as const, 'tool' as const),
});

suite('what became of a message', () => {
  test('the furthest state counts, in whatever order the receipts arrived', () => {
    assert.equal(currentState([]), 'accepted');
    assert.equal(currentState([at('seen', 3), at('offered', 2), at('delivered', 1)]), 'seen');
    assert.equal(currentState([at('held', 1), at('offered', 2)]), 'offered');
    assert.equal(currentState([at('refused', 2), at('held', 1)]), 'refused');
    assert.equal(currentState([at('answered', 2), at('expired', 1)]), 'answered');
  });

  test('[M4] merging never makes a state stronger or loses one, in any order and however often', () => {
    check(
      property(array(anyRecord), array(anyRecord), (a, b) => {
        const merged = mergeStates(a, b);
        assert.equal(currentState(merged), currentState([...a, ...b]));
        assert.deepEqual(
          new Set(merged.map(({ state }) => state)),
          new Set([...a, ...b].map(({ state }) => state)),
        );
        assert.deepEqual(mergeStates(merged, a, b), merged);
      }),
    );
  });

  test('each offer is kept; other repeats of one state by one seat on one path are one', () => {
    const records = [at('offered', 1), at('offered', 2), at('seen', 3), at('seen', 4)];
    assert.deepEqual(
      mergeStates(records).map((record) => [record.state, record.at.slice(17, 19)]),
      [
        ['offered', '01'],
        ['offered', '02'],
        ['seen', '03'],
      ],
    );
  });

  test('records stand in the order of time, and of the way where the times are equal', () => {
    const merged = mergeStates([at('seen', 1), at('delivered', 1), at('accepted', 1), at('offered', 0)]);
    assert.deepEqual(
      merged.map(({ state }) => state),
      ['offered', 'accepted', 'delivered', 'seen'],
    );
  });
});
