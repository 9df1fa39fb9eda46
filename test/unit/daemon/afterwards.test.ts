import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { setImmediate } from 'node:timers/promises';
import { Afterwards } from '../../../src/daemon/afterwards.ts';

suite('what is done afterwards', () => {
  test('waits until what is going on has come to rest, and keeps its order', async () => {
    const done: string[] = [];
    const afterwards = new Afterwards();
    afterwards.add(() => {
      done.push('one');
      afterwards.add(() => done.push('three'));
    });
    afterwards.add(() => done.push('two'));
    await Promise.resolve();
    assert.deepEqual(done, []);
    await setImmediate();
    assert.deepEqual(done, ['one', 'two']);
    await setImmediate();
    assert.deepEqual(done, ['one', 'two', 'three']);
  });

  test('is done at once when it is asked for, and then not again', async () => {
    const done: string[] = [];
    const afterwards = new Afterwards();
    afterwards.add(() => done.push('one'));
    afterwards.flush();
    assert.deepEqual(done, ['one']);
    await setImmediate();
    afterwards.flush();
    assert.deepEqual(done, ['one']);
  });
});
