import assert from 'node:assert/strict';
import { test } from 'node:test';
import { nextTurn } from '../../../../src/daemon/mail/next-turn.ts';
import { wakePathContract } from '../../../../src/testing/contracts/wake-path-contract.ts';

wakePathContract('the next turn of a session of ours', (_, { isThere }) => {
  const given: string[] = [];
  let isGone = !isThere;
  return {
    path: nextTurn({
      literal: (text) => text,
      unavailable: () => (isGone ? 'the session is stopped' : undefined),
      give: ({ text }) => given.push(text),
    }),
    taken: () => given,
    vanish: () => {
      isGone = true;
    },
  };
});

test('a session that takes no prompt after all has not taken the text', async () => {
  const path = nextTurn({
    literal: (text) => text,
    unavailable: () => undefined,
    give: () => {
      throw new Error('20 prompts wait already');
    },
  });
  const wake = { text: 'x', messages: [], conversation: 'c', fromName: 'a', fromMode: 'prompting' } as const;
  assert.deepEqual(await path.wake(wake), { ok: false, reason: '20 prompts wait already' });
});
