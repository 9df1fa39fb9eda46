import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite, test } from 'node:test';
import { statesOf } from '../../../../src/mailbox/receipts.ts';
import { rejectInvalid } from '../../../../src/mailbox/rejected.ts';
import type { SeatId } from '../../../../src/protocol/ids.ts';
import { NOTHING_SPENT } from '../../../../src/protocol/turn-result.ts';
import { managedRecord, promptRecord } from '../../../fixtures/managed-records.ts';
import { filesWith, searched } from '../../../fixtures/searched.ts';
import { DAY_MS, otherProcess } from '../../../fixtures/temp-root.ts';

const NOTHING = { messages: 0, journalLines: 0, rejectedFiles: 0, prompts: 0, sessionLines: 0, open: 0 };

const result = (text: string) => ({
  ended: { outcome: 'completed' as const },
  endedAtMs: Date.now(),
  turn: {
    status: 'completed' as const,
    text,
    steps: 1,
    spent: NOTHING_SPENT,
    denials: [],
    toolsUsed: {},
    durationMs: 1,
  },
});

suite('a purge', () => {
  test('leaves nothing of handled messages: not in a file, not in the index, and not to be found [R1]', async (t) => {
    const { root, seat, handled, ids, purge, service } = searched(t);
    const [a, b] = [seat('aaaaaa'), seat('bbbbbb')];
    for (let count = 0; count < 30; count += 1) handled(a, b, { content: `tellnobody number ${count}` });
    assert.equal((await ids('tellnobody')).length, 20);
    const place = join(root, '..');
    assert.ok(filesWith(place, 'tellnobody').length > 30);
    const plan = await purge.plan({});
    assert.deepEqual({ ...plan, journalLines: 0 }, { ...NOTHING, messages: 30 });
    assert.ok(plan.journalLines >= 90);
    assert.deepEqual(await purge.run({}), plan);
    assert.deepEqual(filesWith(place, 'tellnobody'), []);
    assert.deepEqual(await ids('tellnobody'), []);
    assert.deepEqual(await purge.plan({}), NOTHING);
    await service.close();
    assert.deepEqual(filesWith(place, 'tellnobody'), []);
  });

  test('leaves nothing of prompts that are over, nor of what the journals of their sessions say [R1]', async (t) => {
    const { root, databasePath, store, purge, ids, restart } = searched(t);
    const session = managedRecord();
    store.saveSession(session, {
      session: session.id,
      atMs: 1,
      type: 'session:spawned',
      data: { text: 'tellnobody' },
    });
    const waits = promptRecord({ session: session.id, text: 'openone tellme', acceptedAtMs: 5 });
    store.savePrompt(waits);
    store.note({
      session: session.id,
      atMs: 6,
      prompt: waits.id,
      type: 'text:said',
      data: { text: 'tellme' },
    });
    for (let count = 0; count < 200; count += 1) {
      const prompt = promptRecord({
        session: session.id,
        text: `tellnobody ${count} ${'and more '.repeat(count)}`,
      });
      store.savePrompt(prompt);
      const data = { text: `tellnobody ${'twice '.repeat(300)}` };
      store.note({ session: session.id, atMs: 5, prompt: prompt.id, type: 'text:said', data });
      store.savePrompt({ ...prompt, ...result(`tellnobody either ${'answer '.repeat(200)}`) });
    }
    assert.equal((await ids('tellnobody')).length, 20);
    writeFileSync(`${databasePath}.damaged-2026-01-01T00-00-00-000Z`, 'tellnobody, what is left of it');
    const erased = await purge.run({});
    assert.deepEqual(erased, { ...NOTHING, prompts: 200, sessionLines: 201, open: 1 });
    assert.deepEqual(filesWith(join(root, '..'), 'tellnobody'), []);
    assert.deepEqual(store.openPrompts(session.id), [waits]);
    assert.equal(store.journal(session.id).length, 1);
    assert.deepEqual(await ids('tellme'), [waits.id]);
    await restart();
    assert.deepEqual(await ids('tellnobody'), []);
  });

  test('leaves nothing of a session that was deleted before either [R1]', async (t) => {
    const { root, store, purge } = searched(t);
    const session = managedRecord();
    store.saveSession(session);
    const prompt = promptRecord({ session: session.id, text: `tellnobody ${'and more '.repeat(300)}` });
    store.savePrompt({ ...prompt, ...result('tellnobody either') });
    store.remove(session.id);
    await purge.run({});
    assert.deepEqual(filesWith(join(root, '..'), 'tellnobody'), []);
  });

  test('touches nothing that waits, is taken, is being sent, or has its answer still to come [M1] [R1]', async (t) => {
    const { seat, send, handled, purge, inbox, ids, root } = searched(t);
    const [a, b] = [seat('aaaaaa'), seat('bbbbbb')];
    const waits = send(a, b, { content: 'stays waiting' });
    const taken = send(a, b, { content: 'stays taken' });
    assert.ok(inbox(b, { process: otherProcess() }).claim(taken.id) !== undefined);
    const asked = handled(a, b, { type: 'query', content: 'stays asked' });
    const sending = handled(a, b, { content: 'stays sending' });
    const { pid, start, host } = otherProcess();
    writeFileSync(join(a.sending, `${sending.id}~${pid}~${start}~${host}~0.json`), JSON.stringify(sending));
    mkdirSync(join(root, 'sessions', 'v1v1v1', 'inbox'), { recursive: true });
    const toV1 = send(a, { ...b, id: 'v1v1v1' as SeatId }, { content: 'stays with v1' });
    handled(a, b, { content: 'goes' });
    const open = [waits, taken, asked, sending, toV1].map(({ id }) => id).toSorted();
    const before = filesWith(root, 'stays');
    const erased = await purge.run({});
    assert.deepEqual([erased.messages, erased.open], [1, open.length]);
    assert.deepEqual(filesWith(root, 'stays'), before);
    assert.deepEqual((await ids('stays')).toSorted(), open);
    assert.ok(statesOf(a, waits.id).length > 0);
    // What waited is handled as ever.
    const [first] = inbox(b).pending();
    assert.equal(first?.id, waits.id);
    inbox(b).claim(waits.id);
  });

  test('goes by the peer, whoever sent, and by age', async (t) => {
    const { root, seat, handled, purge, clock, store } = searched(t);
    const [a, b, c] = [seat('aaaaaa'), seat('bbbbbb'), seat('cccccc')];
    clock.offsetMs = -3 * DAY_MS;
    handled(a, b, { content: 'old of b' });
    handled(c, a, { content: 'old of c' });
    clock.offsetMs = 0;
    handled(b, a, { content: 'new of b' });
    handled(a, c, { content: 'new of c' });
    const session = managedRecord({ id: c.id });
    store.saveSession(session);
    const now = { session: c.id, acceptedAtMs: Date.now() };
    store.savePrompt(promptRecord({ ...now, text: 'asked of c', ...result('said by c') }));
    store.savePrompt(promptRecord({ ...now, from: b.id, text: 'asked by b', ...result('said to b') }));
    const beforeMs = Date.now() - DAY_MS;
    assert.equal((await purge.run({ peer: c.id, beforeMs })).messages, 1);
    assert.deepEqual(filesWith(root, 'old of c'), []);
    const ofB = await purge.run({ peer: b.id });
    assert.deepEqual([ofB.messages, ofB.prompts], [2, 1]);
    for (const text of ['old of b', 'new of b', 'asked by b', 'said to b'])
      assert.deepEqual(filesWith(join(root, '..'), text), [], text);
    for (const text of ['new of c', 'asked of c'])
      assert.ok(filesWith(join(root, '..'), text).length > 0, text);
  });

  test('takes rejected files and what is left of messages without a file', async (t) => {
    const { root, seat, handled, purge, inbox, send } = searched(t);
    const [a, b] = [seat('aaaaaa'), seat('bbbbbb')];
    writeFileSync(join(b.inbox, 'odd.json'), 'no message: tellnobody');
    assert.ok(rejectInvalid(b, join(b.inbox, 'odd.json'), 'tellnobody is no message'));
    const denied = send(a, b, { content: 'tellnobody denied' });
    const box = inbox(b);
    const claimed = box.claim(denied.id);
    assert.ok(claimed !== undefined);
    box.reject(claimed, 'tellnobody why');
    const { id } = handled(a, b, { content: 'tellnobody handled' });
    for (const folder of [a.outbox, b.read])
      writeFileSync(join(folder, id.slice(4, 5), `${id}.json`), '{"torn": "tellnobody');
    writeFileSync(join(a.receipts, `${denied.id}.working-abcdef.json`), '{"reason":"tellnobody"}');
    const other = await purge.run({ peer: 'zzzzzz' as SeatId });
    assert.deepEqual(other, NOTHING);
    const { messages, rejectedFiles } = await purge.run({});
    assert.deepEqual([messages, rejectedFiles], [1, 4]);
    assert.deepEqual(filesWith(root, 'tellnobody'), []);
  });
});
