import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { StormGuard } from '../../../src/client/storm-guard.ts';
import { limitsFrom } from '../../../src/config/settings.ts';
import type { SeatId } from '../../../src/protocol/ids.ts';
import { MESSAGE_TYPES } from '../../../src/protocol/message.ts';
import { type TempRoot, tempRoot } from '../../fixtures/temp-root.ts';

const TO = 'bbbbbb' as SeatId;
const QUERY = { to: TO, type: 'query', content: 'what?', metadata: {} } as const;

function guardFor({ clock }: TempRoot): StormGuard {
  return new StormGuard({ limits: limitsFrom({}), clock });
}

suite('the guard against storms, at the sender', () => {
  test('[S2] lets a chain and a conversation go to their limits and no further, and says so', (t) => {
    const temp = tempRoot(t);
    const [guard, folder] = [guardFor(temp), temp.seat('aaaaaa')];
    guard.check(folder, { ...QUERY, hops: 6, place: 20 });
    for (const [draft, words] of [
      [{ ...QUERY, hops: 7 }, /the 7th message in a chain that peers set off; at most 6/],
      [{ ...QUERY, place: 21 }, /the 21th message of its conversation; at most 20/],
    ] as const)
      assert.throws(() => guard.check(folder, draft), { code: 'message-refused', message: words });
  });

  test('[S2] lets twelve messages a minute go to one peer, and says when the next one may go', (t) => {
    const temp = tempRoot(t);
    const [guard, folder] = [guardFor(temp), temp.seat('aaaaaa')];
    for (let count = 0; count < 12; count += 1) {
      guard.check(folder, QUERY);
      guard.note(folder, QUERY);
    }
    assert.throws(() => guard.check(folder, QUERY), {
      code: 'message-refused',
      message: /12 messages went to bbbbbb in the last minute; at most 12.*\d+ s from now/,
    });
    guard.check(folder, { ...QUERY, to: 'cccccc' as SeatId });
    temp.clock.offsetMs += 61_000;
    guard.check(folder, QUERY);
  });

  test('answers, pings and ends are as many as what they answer or tell of', (t) => {
    const temp = tempRoot(t);
    const [guard, folder] = [guardFor(temp), temp.seat('aaaaaa')];
    for (const type of MESSAGE_TYPES.filter((name) => !['query', 'note', 'progress'].includes(name))) {
      for (let count = 0; count < 20; count += 1) {
        guard.check(folder, { ...QUERY, type, hops: 99, place: 99 });
        guard.note(folder, { to: TO, type });
      }
    }
    guard.check(folder, QUERY);
  });
});
