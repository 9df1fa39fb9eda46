import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { closeSync, constants, openSync, readFileSync, readSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite, test } from 'node:test';
import { appendToFile } from '../../../src/lib/append.ts';
import { Channel } from '../../../src/lib/channel.ts';
import { isoMillis, isoSeconds } from '../../../src/lib/clock.ts';
import { deferred } from '../../../src/lib/deferred.ts';
import { errnoOf, unlessGone } from '../../../src/lib/errno.ts';
import { appendJsonLines, MAX_LINE_BYTES, parseJsonLines } from '../../../src/lib/json-lines.ts';
import { randomId } from '../../../src/lib/random-id.ts';
import { settlesWithin } from '../../../src/lib/stop-process.ts';
import { tempFolder } from '../../fixtures/temp-root.ts';

suite('journal lines', () => {
  test('a line that a killed writer left unfinished spoils no other line', (t) => {
    const path = join(tempFolder(t), 'log.jsonl');
    appendJsonLines(path, [{ a: 1 }]);
    writeFileSync(path, '\n{"a":2,"tor', { flag: 'a' });
    appendJsonLines(path, [{ a: 3 }]);
    assert.deepEqual(parseJsonLines(readFileSync(path, 'utf8')), [{ a: 1 }, { a: 3 }]);
  });

  test('a line over the size that one write carries whole is refused', (t) => {
    const path = join(tempFolder(t), 'log.jsonl');
    appendJsonLines(path, [{ a: 'x'.repeat(MAX_LINE_BYTES - 9) }]);
    assert.throws(() => appendJsonLines(path, [{ a: 'x'.repeat(MAX_LINE_BYTES - 8) }]), RangeError);
  });
});

suite('appending to a file', () => {
  test('does not wait for a reader of a pipe that somebody put there, nor write into one that has one', (t) => {
    const path = join(tempFolder(t), 'sequence');
    execFileSync('mkfifo', [path]);
    assert.throws(() => appendToFile(path, '.'), { code: 'ENXIO' });
    const reader = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
    t.after(() => closeSync(reader));
    assert.throws(() => appendToFile(path, '.'), { code: 'ENXIO' });
    assert.equal(readSync(reader, Buffer.alloc(8)), 0);
  });
});

suite('small leaves', () => {
  test('random ids have the length and only letters and digits, and do not repeat', () => {
    const ids = new Set(Array.from({ length: 5000 }, () => randomId(12)));
    assert.equal(ids.size, 5000);
    for (const id of ids) assert.match(id, /^[a-z0-9]{12}$/);
  });

  test('every character of a random id is about equally likely', () => {
    const counts = Map.groupBy(randomId(36_000), (character) => character);
    assert.equal(counts.size, 36);
    for (const [character, { length }] of counts)
      assert.ok(length > 800 && length < 1200, `${character}: ${length}`);
  });

  test('times are written in UTC, with whole seconds for v1', () => {
    assert.equal(isoSeconds(1_700_000_000_999), '2023-11-14T22:13:20Z');
    assert.equal(isoMillis(1_700_000_000_999), '2023-11-14T22:13:20.999Z');
  });

  test('a deferred settles once; what comes later changes nothing', async () => {
    const once = deferred<number>();
    assert.equal(once.settled, false);
    once.resolve(1);
    once.resolve(2);
    once.reject(new Error('late'));
    assert.deepEqual([once.settled, await once.promise], [true, 1]);
    const failed = deferred<number>();
    failed.reject(new Error('first'));
    failed.resolve(1);
    await assert.rejects(failed.promise, /first/);
  });

  test('a file that is gone gives the fallback, and every other failure is thrown', () => {
    assert.equal(
      unlessGone(() => readFileSync('/nonexistent/x', 'utf8'), 'none'),
      'none',
    );
    assert.equal(
      unlessGone(() => readFileSync('/etc/passwd/x', 'utf8'), 'none'),
      'none',
    );
    assert.throws(() => unlessGone(() => readFileSync('/', 'utf8'), 'none'), { code: 'EISDIR' });
    assert.deepEqual([errnoOf(new Error('x')), errnoOf('x')], [undefined, undefined]);
  });
});

suite('a channel', () => {
  test('gives what was pushed in order, also what came before its reader, and ends after what was pushed', async () => {
    const channel = new Channel<number>();
    channel.push(0);
    const taken: number[] = [];
    const reading = (async () => {
      for await (const value of channel) taken.push(value);
    })();
    await new Promise((resolve) => setImmediate(resolve));
    channel.push(1);
    channel.push(2);
    channel.close();
    channel.push(3);
    channel.close();
    await reading;
    assert.deepEqual(taken, [0, 1, 2]);
  });
});

suite('a wait for something to settle', () => {
  test('ends with it, or when the time is up, also when that was before it began', async () => {
    const never = new Promise(() => undefined);
    assert.equal(await settlesWithin(Promise.resolve(), 1_000), true);
    assert.equal(await settlesWithin(never, 5), false);
    assert.equal(await settlesWithin(never, -1), false);
  });
});
