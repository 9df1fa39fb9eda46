import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { OpenQueries } from '../../../src/attendant/queries-in-hand.ts';
import { HOUR_MS } from '../../fixtures/temp-root.ts';
import { idsOf } from './desk-bench.ts';
import { message } from './messages.ts';

suite('the queries that a session has before it', () => {
  test('are those that were put before it, until it answers them', () => {
    const open = new OpenQueries();
    const [first, second] = [message(), message()];
    for (const one of [first, second, message({ type: 'note' }), message({ type: 'response' })])
      open.note(one, 0);
    assert.deepEqual(idsOf(open.all()), idsOf([first, second]));
    open.note({ ...first, repeat: 1 }, 0);
    open.answered(second.id);
    open.answered(second.id);
    assert.deepEqual(idsOf(open.all()), [first.id]);
  });

  test('are not open any more once their sender calls them off, by whichever path that comes', () => {
    const open = new OpenQueries();
    const [kept, calledOff] = [message(), message()];
    for (const one of [kept, calledOff]) open.note(one, 0);
    open.note(message({ type: 'progress', step: 'working', inReplyTo: kept.id }), 0);
    open.note(message({ type: 'progress', step: 'cancelled', inReplyTo: calledOff.id }), 0);
    assert.deepEqual(idsOf(open.all()), [kept.id]);
  });

  test('make what it asks meanwhile one hop longer than the longest of them', () => {
    const open = new OpenQueries();
    assert.equal(open.hops(0), 0);
    const [short, long] = [message(), message({ hops: 4 })];
    open.note(short, 0);
    assert.equal(open.hops(0), 1);
    open.note(long, 0);
    assert.equal(open.hops(0), 5);
    open.answered(long.id);
    assert.equal(open.hops(0), 1);
  });

  test('[M3] do not keep it from asking for ever when it never answers them', () => {
    const open = new OpenQueries();
    open.note(message({ hops: 6 }), 0);
    assert.equal(open.hops(HOUR_MS), 0);
    assert.equal(open.all().length, 1);
  });

  test('are kept in a bounded number, the newest', () => {
    const open = new OpenQueries();
    const all = Array.from({ length: 150 }, () => message());
    for (const one of all) open.note(one, 0);
    assert.deepEqual(idsOf(open.all()), idsOf(all.slice(-100)));
  });
});
