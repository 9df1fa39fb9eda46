import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { limitsFrom } from '../../../src/config/settings.ts';
import { StormGuard } from '../../../src/mail/storm-guard.ts';
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
      [{ ...QUERY, hops: 7 }, /message 7 of a chain that peers set off; at most 6/],
      [{ ...QUERY, place: 21 }, /message 21 of its conversation; at most 20/],
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

  test('[S2] a note to all that everybody answers to all dies out within the limits', (t) => {
    const temp = tempRoot(t);
    const guard = guardFor(temp);
    const ids = ['aaaaaa', 'bbbbbb', 'cccccc', 'dddddd', 'eeeeee'] as SeatId[];
    const folders = new Map(ids.map((id) => [id, temp.seat(id)]));
    const arrived: { to: SeatId; hops: number }[] = [];
    const refusals = new Set<string>();
    const toAll = (from: SeatId, hops: number): void => {
      const folder = folders.get(from);
      assert.ok(folder);
      for (const to of ids.filter((id) => id !== from)) {
        const note = {
          to,
          type: 'note',
          content: 'all of you: …',
          metadata: {},
          hops,
          place: hops + 1,
        } as const;
        try {
          guard.check(folder, note);
          guard.note(folder, note);
          arrived.push({ to, hops });
        } catch (error) {
          refusals.add((error as Error).message.replaceAll(/\d+|to \w{6} /g, '').slice(0, 40));
        }
      }
    };
    toAll('aaaaaa' as SeatId, 0);
    let handled = 0;
    for (let note = arrived.shift(); note !== undefined; note = arrived.shift()) {
      handled += 1;
      toAll(note.to, note.hops + 1);
    }
    const pairs = ids.length * (ids.length - 1);
    assert.ok(handled > pairs && handled <= pairs * 12, `${handled} notes`);
    assert.ok(refusals.size > 0);
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
