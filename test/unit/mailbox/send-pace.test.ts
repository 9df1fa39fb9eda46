import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite, test } from 'node:test';
import { noteSent, sentLately } from '../../../src/mailbox/send-pace.ts';
import type { SeatId } from '../../../src/protocol/ids.ts';
import { tempRoot } from '../../fixtures/temp-root.ts';

const PEER = 'bbbbbb' as SeatId;
const NOW = 1_800_000_000_000;

suite('the pace at which a seat sends to a peer', () => {
  test('is what was sent in the last minute, each peer by itself, at most so many', (t) => {
    const folder = tempRoot(t).seat('aaaaaa');
    assert.deepEqual(sentLately(folder, PEER, { nowMs: NOW, limit: 12 }), []);
    for (const atMs of [NOW - 60_000, NOW - 59_999, NOW - 1]) noteSent(folder, PEER, atMs);
    noteSent(folder, 'cccccc' as SeatId, NOW);
    assert.deepEqual(sentLately(folder, PEER, { nowMs: NOW, limit: 12 }), [NOW - 59_999, NOW - 1]);
    assert.deepEqual(sentLately(folder, PEER, { nowMs: NOW, limit: 1 }), [NOW - 1]);
  });

  test('a clock that was set back counts nothing of what is still to come', (t) => {
    const folder = tempRoot(t).seat('aaaaaa');
    noteSent(folder, PEER, NOW);
    assert.deepEqual(sentLately(folder, PEER, { nowMs: NOW - 1, limit: 12 }), []);
  });

  test('[M5] is kept in a file that does not grow with what was ever sent', (t) => {
    const folder = tempRoot(t).seat('aaaaaa');
    for (let count = 0; count < 10_000; count += 1) noteSent(folder, PEER, NOW + count);
    assert.ok(readFileSync(join(folder.path, 'pace', PEER)).length <= 40_010);
    assert.equal(sentLately(folder, PEER, { nowMs: NOW + 10_000, limit: 12 }).length, 12);
  });

  test('[X2] a file with anything else in it counts as nothing', (t) => {
    const folder = tempRoot(t).seat('aaaaaa');
    noteSent(folder, PEER, NOW);
    writeFileSync(join(folder.path, 'pace', PEER), '\0\nmsg-\n~~~~~~~~~\n');
    assert.deepEqual(sentLately(folder, PEER, { nowMs: NOW, limit: 12 }), []);
  });
});
