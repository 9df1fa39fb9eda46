import assert from 'node:assert/strict';
import { test } from 'node:test';
import { WaitTimeoutError, waitFor } from '../../../src/testing/index.ts';

test('a wait resolves with the first truthy value of its claim', async () => {
  let calls = 0;
  const value = await waitFor(() => (++calls < 3 ? undefined : `call ${calls}`), {
    what: 'calls',
    intervalMs: 1,
  });
  assert.equal(value, 'call 3');
});

test('a wait that is in vain says what it waited for, the last error and what was there instead', async () => {
  const claim = (): boolean => assert.fail('not yet');
  const wait = waitFor(claim, {
    what: 'an answer',
    timeoutMs: 30,
    intervalMs: 5,
    explain: () => 'nobody was there',
  });
  await assert.rejects(wait, (error) => {
    assert.ok(error instanceof WaitTimeoutError);
    assert.match(error.message, /waited 30 ms for an answer\nlast error: not yet\nnobody was there/);
    return true;
  });
});

test('a wait whose claim cannot come true any more ends before its deadline', async () => {
  const startedAt = performance.now();
  const wait = waitFor(() => false, {
    what: 'an answer',
    timeoutMs: 60_000,
    hopeless: () => 'the process has exited',
  });
  await assert.rejects(wait, /waited in vain for an answer: the process has exited/);
  assert.ok(performance.now() - startedAt < 10_000);
});
