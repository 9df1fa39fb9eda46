import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { NOTHING_SPENT } from '../../../src/protocol/turn-result.ts';
import { limitReached, limitText, NOTHING_USED, timeLeftMs, usedBy } from '../../../src/supervisor/limits.ts';

suite('limits', () => {
  test('are reached when as much is used as is allowed, each by itself [D1]', () => {
    for (const limit of ['costUsd', 'turns', 'tokens', 'minutes'] as const) {
      const limits = { session: {}, turn: { [limit]: 3 } };
      const below = { turn: { ...NOTHING_USED, [limit]: 2.5 }, session: NOTHING_USED };
      assert.equal(limitReached(limits, below), undefined);
      const at = { turn: { ...NOTHING_USED, [limit]: 3 }, session: NOTHING_USED };
      assert.deepEqual(limitReached(limits, at), { limit, scope: 'turn', allowed: 3, used: 3 });
    }
  });

  test('of the session count what all of its turns used [D1]', () => {
    const limits = { session: { turns: 10 }, turn: { turns: 5 } };
    const used = { turn: { ...NOTHING_USED, turns: 4 }, session: { ...NOTHING_USED, turns: 11 } };
    assert.deepEqual(limitReached(limits, used), { limit: 'turns', scope: 'session', allowed: 10, used: 11 });
  });

  test('that are not set are never reached', () => {
    const much = { costUsd: 1e9, turns: 1e9, tokens: 1e9, minutes: 1e9 };
    assert.equal(limitReached({ session: {}, turn: {} }, { turn: much, session: much }), undefined);
    assert.equal(timeLeftMs({ session: {}, turn: {} }, { turn: much, session: much }), undefined);
  });

  test('of time leave a turn what is left of its own and of the session’s', () => {
    const limits = { session: { minutes: 10 }, turn: { minutes: 3 } };
    assert.equal(
      timeLeftMs(limits, { turn: NOTHING_USED, session: { ...NOTHING_USED, minutes: 2 } }),
      3 * 60_000,
    );
    assert.equal(
      timeLeftMs(limits, { turn: NOTHING_USED, session: { ...NOTHING_USED, minutes: 9 } }),
      60_000,
    );
    assert.equal(timeLeftMs(limits, { turn: NOTHING_USED, session: { ...NOTHING_USED, minutes: 12 } }), 0);
    const goesOn = { turn: { ...NOTHING_USED, minutes: 2 }, session: { ...NOTHING_USED, minutes: 2 } };
    assert.equal(timeLeftMs(limits, goesOn), 60_000);
  });

  test('of tokens count what goes in, out and into the cache, and not what is read from it', () => {
    const spent = {
      ...NOTHING_SPENT,
      inputTokens: 1,
      outputTokens: 20,
      cacheWriteTokens: 300,
      cacheReadTokens: 4_000,
    };
    assert.equal(usedBy(spent, { turns: 2 }).tokens, 321);
  });

  test('say which of them is reached, with both figures', () => {
    assert.equal(
      limitText({ limit: 'costUsd', scope: 'turn', allowed: 0.5, used: 0.5123 }),
      'The limit of this turn is reached: $0.5123 of $0.5000 spent.',
    );
    assert.equal(
      limitText({ limit: 'tokens', scope: 'session', allowed: 50_000, used: 51_200 }),
      'The limit of this session is reached: 51,200 of 50,000 tokens.',
    );
  });
});
