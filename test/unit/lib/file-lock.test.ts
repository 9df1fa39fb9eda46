import assert from 'node:assert/strict';
import { readdirSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite, test } from 'node:test';
import { placeExclusive } from '../../../src/lib/atomic-write.ts';
import { tryWithLock, withLock } from '../../../src/lib/file-lock.ts';
import { type ProcessIdentity, thisProcess } from '../../../src/lib/process-identity.ts';
import { runProgram } from '../../fixtures/run-program.ts';
import { deadProcess, otherProcess, tempFolder } from '../../fixtures/temp-root.ts';

suite('file locks', () => {
  test('work runs under the lock, the lock is free afterwards, also when the work throws', (t) => {
    const folder = tempFolder(t);
    const lock = join(folder, '.lock');
    let ran = 0;
    assert.equal(
      tryWithLock(lock, () => (ran += 1)),
      true,
    );
    assert.throws(
      () =>
        tryWithLock(lock, () => {
          throw new Error('in the work');
        }),
      /in the work/,
    );
    assert.equal(
      tryWithLock(lock, () => (ran += 1)),
      true,
    );
    assert.equal(ran, 2);
    assert.deepEqual(readdirSync(folder), []);
  });

  test('a lock that is held, even by the same process, is not taken', (t) => {
    const lock = join(tempFolder(t), '.lock');
    const inner = { got: true, ran: false };
    tryWithLock(lock, () => {
      inner.got = tryWithLock(lock, () => {
        inner.ran = true;
      });
    });
    assert.deepEqual(inner, { got: false, ran: false });
  });

  test('a lock of a dead process, and an old one of another host, are taken over', (t) => {
    const folder = tempFolder(t);
    const lock = join(folder, '.lock');
    leaveLock(lock, deadProcess());
    assert.equal(
      tryWithLock(lock, () => {}),
      true,
    );
    const foreign = { ...thisProcess(), host: '00000000' };
    const path = leaveLock(lock, foreign);
    assert.equal(
      tryWithLock(lock, () => {}),
      false,
      'it may be at work just now',
    );
    const aMinuteAgo = Date.now() / 1000 - 60;
    utimesSync(path, aMinuteAgo, aMinuteAgo);
    assert.equal(
      tryWithLock(lock, () => {}),
      true,
    );
    assert.deepEqual(readdirSync(folder), []);
  });

  test('a lock file that no lock can be is taken over, also when a dead process was just taking it over', (t) => {
    const folder = tempFolder(t);
    const lock = join(folder, '.lock');
    writeFileSync(lock, '');
    const { pid, start, host } = deadProcess();
    writeFileSync(`${lock}-takeover~${pid}~${start}~${host}~abcdef`, '');
    assert.equal(
      tryWithLock(lock, () => {}),
      true,
    );
    assert.deepEqual(readdirSync(folder), []);
  });

  test('who lost the lock to another process while it worked does not remove the other’s', (t) => {
    const folder = tempFolder(t);
    const lock = join(folder, '.lock');
    tryWithLock(lock, () => {
      rmSync(lock);
      leaveLock(lock, otherProcess());
    });
    assert.deepEqual(readdirSync(folder), ['.lock']);
  });

  test('waiting for a held lock ends after the patience, and tells so', (t) => {
    const lock = join(tempFolder(t), '.lock');
    const path = leaveLock(lock, thisProcess());
    const before = performance.now();
    let ran = false;
    assert.equal(withLock(lock, { patienceMs: 60, work: () => (ran = true) }), false);
    assert.equal(ran, false);
    assert.ok(performance.now() - before >= 60);
    assert.ok(path !== '');
  });

  test('of processes that race for a lock, and die in it, never two are inside', async (t) => {
    const folder = tempFolder(t);
    const [lock, inside] = [join(folder, '.lock'), join(folder, 'inside')];
    const lives = [
      [7, 90, 0],
      [20, 3, 0],
      [50, 35, 0],
    ].map(async (deaths) => {
      for (const diesAfter of deaths) {
        const run = await runProgram(t, 'lock-worker.ts', { args: [lock, inside, String(diesAfter)] });
        assert.equal(run.stdout + run.stderr, '');
        assert.deepEqual([run.code, run.signal], diesAfter === 0 ? [0, null] : [null, 'SIGKILL']);
      }
    });
    await Promise.all(lives);
  });
});

/** Puts the lock of a process there, as if it were inside. */
function leaveLock(lock: string, { pid, start, host }: ProcessIdentity): string {
  placeExclusive(lock, `${pid}~${start}~${host}~abcdef`, { flush: false });
  return lock;
}
