import assert from 'node:assert/strict';
import { getEventListeners } from 'node:events';
import { suite, test } from 'node:test';
import { type Wait, type WaitRequest, Waits } from '../../../src/attendant/waits.ts';
import { messageId } from './messages.ts';

const LONG_MS = 100_000;
const ASKED = messageId(901);

function opened(waits: Waits, changes: Partial<WaitRequest> = {}): Wait {
  return waits.open({ kind: 'ask', message: ASKED, isMain: true, timeoutMs: LONG_MS, ...changes });
}

/** The kind by which a wait ended; `open` when it has not. */
async function kindOf(wait: Wait): Promise<string> {
  return await Promise.race([
    wait.end.then(({ kind }) => kind),
    new Promise<string>((resolve) => setImmediate(() => resolve('open'))),
  ]);
}

suite('a wait for mail', () => {
  test('[M3] ends by a time-out', async () => {
    const waits = new Waits();
    const wait = opened(waits, { timeoutMs: 1 });
    assert.deepEqual(await wait.end, { kind: 'timeout' });
    assert.deepEqual(waits.asked(), []);
  });

  test('[M3] ends when its caller gives up, before and after it began', async () => {
    const waits = new Waits();
    const gone = new AbortController();
    gone.abort();
    assert.deepEqual(await opened(waits, { signal: gone.signal }).end, { kind: 'cancelled' });
    const caller = new AbortController();
    const wait = opened(waits, { signal: caller.signal });
    assert.equal(await kindOf(wait), 'open');
    caller.abort();
    assert.deepEqual(await wait.end, { kind: 'cancelled' });
    assert.equal(waits.forMail(), undefined);
  });

  test('[M3] ends when the session leaves its seat, whatever it was for and however many there are', async () => {
    const waits = new Waits();
    const caller = new AbortController();
    const all = [
      opened(waits),
      opened(waits, { kind: 'listen' }),
      opened(waits, { kind: 'ping' }),
      opened(waits, { isMain: false, signal: caller.signal }),
    ];
    waits.endAll({ kind: 'closed' });
    waits.endAll({ kind: 'closed' });
    assert.deepEqual(
      await Promise.all(all.map(({ end }) => end)),
      all.map(() => ({ kind: 'closed' })),
    );
    assert.deepEqual([waits.asked(), waits.forMail(), waits.isListening], [[], undefined, false]);
    assert.deepEqual(getEventListeners(caller.signal, 'abort'), []);
  });

  test('ends once: what comes later changes nothing', async () => {
    const waits = new Waits();
    const caller = new AbortController();
    const wait = opened(waits, { timeoutMs: 1, signal: caller.signal });
    wait.finish({ kind: 'settled', state: 'refused', reason: 'blocked' });
    caller.abort();
    wait.finish({ kind: 'closed' });
    assert.deepEqual(await wait.end, { kind: 'settled', state: 'refused', reason: 'blocked' });
    assert.deepEqual(getEventListeners(caller.signal, 'abort'), [], 'the caller is not held on to');
  });

  test('for the answer to a message is found by that message alone', () => {
    const waits = new Waits();
    const wait = opened(waits);
    const ping = opened(waits, { kind: 'ping', message: messageId(902) });
    opened(waits, { kind: 'listen' });
    assert.equal(waits.forAnswerTo(ASKED), wait);
    assert.equal(waits.forAnswerTo(messageId(902)), ping);
    assert.equal(waits.forAnswerTo(messageId(903)), undefined);
    assert.equal(waits.forAnswerTo(null), undefined);
    waits.endAll({ kind: 'closed' });
  });

  test('that listens gets mail first, then one that asks; a ping’s and a subagent’s never', () => {
    const waits = new Waits();
    opened(waits, { isMain: false });
    opened(waits, { kind: 'ping', message: messageId(902) });
    assert.equal(waits.forMail(), undefined);
    const ask = opened(waits);
    assert.equal(waits.forMail(), ask);
    const listen = opened(waits, { kind: 'listen' });
    assert.equal(waits.forMail(), listen);
    assert.equal(waits.isListening, true);
    listen.finish({ kind: 'timeout' });
    assert.equal(waits.forMail(), ask);
    assert.equal(waits.isListening, false);
    waits.endAll({ kind: 'closed' });
  });

  test('names the messages whose answers are waited for', () => {
    const waits = new Waits();
    opened(waits);
    opened(waits, { message: messageId(902), isMain: false });
    opened(waits, { kind: 'ping', message: messageId(903) });
    assert.deepEqual(waits.asked(), [ASKED, messageId(902)]);
    waits.endAll({ kind: 'closed' });
  });
});
