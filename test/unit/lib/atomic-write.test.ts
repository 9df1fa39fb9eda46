import assert from 'node:assert/strict';
import {
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { suite, test } from 'node:test';
import { appendToFile } from '../../../src/lib/append.ts';
import { placeExclusive, writeAtomic } from '../../../src/lib/atomic-write.ts';
import { tempFolder } from '../../fixtures/temp-root.ts';

suite('atomic files', () => {
  test('a written file has exactly the content, mode 0600, and leaves no temporary file', (t) => {
    const folder = tempFolder(t);
    const text = `line\n\u0000"\\é漢😀`.repeat(1000);
    writeAtomic(join(folder, 'a.json'), text, { flush: true });
    assert.equal(readFileSync(join(folder, 'a.json'), 'utf8'), text);
    assert.equal(statSync(join(folder, 'a.json')).mode & 0o777, 0o600);
    assert.deepEqual(readdirSync(folder), ['a.json']);
  });

  test('a write replaces a link itself and never what it leads to', (t) => {
    const folder = tempFolder(t);
    writeFileSync(join(folder, 'precious'), 'precious');
    symlinkSync(join(folder, 'precious'), join(folder, 'a.json'));
    writeAtomic(join(folder, 'a.json'), 'new', { flush: false });
    assert.equal(readFileSync(join(folder, 'precious'), 'utf8'), 'precious');
    assert.ok(lstatSync(join(folder, 'a.json')).isFile());
  });

  test('placing a file that exists leaves it and its inode alone', (t) => {
    const folder = tempFolder(t);
    const path = join(folder, 'a.json');
    assert.equal(placeExclusive(path, 'first', { flush: true }), 'placed');
    const inode = statSync(path).ino;
    assert.equal(placeExclusive(path, 'second', { flush: true }), 'exists');
    assert.equal(readFileSync(path, 'utf8'), 'first');
    assert.equal(statSync(path).ino, inode);
    assert.deepEqual(readdirSync(folder), ['a.json']);
  });

  test('placing never follows a link, not even a dangling one', (t) => {
    const folder = tempFolder(t);
    symlinkSync(join(folder, 'elsewhere'), join(folder, 'a.json'));
    assert.equal(placeExclusive(join(folder, 'a.json'), 'x', { flush: false }), 'exists');
    assert.deepEqual(readdirSync(folder), ['a.json']);
  });

  test('a write that fails leaves no temporary file behind', (t) => {
    const folder = tempFolder(t);
    mkdirSync(join(folder, 'a.json'));
    assert.throws(() => writeAtomic(join(folder, 'a.json'), 'x', { flush: false }));
    assert.deepEqual(readdirSync(folder), ['a.json']);
  });

  test('a given modification time is kept to the millisecond', (t) => {
    const path = join(tempFolder(t), 'a.json');
    writeAtomic(path, 'x', { flush: false, modifiedMs: 1_700_000_000_123 });
    assert.equal(Math.round(statSync(path).mtimeMs), 1_700_000_000_123);
  });

  test('appending creates the file privately, tells the new size, and follows no link', (t) => {
    const folder = tempFolder(t);
    const path = join(folder, 'log');
    assert.equal(appendToFile(path, 'ab'), 2);
    assert.equal(appendToFile(path, 'é'), 4);
    assert.equal(readFileSync(path, 'utf8'), 'abé');
    assert.equal(statSync(path).mode & 0o777, 0o600);
    writeFileSync(join(folder, 'precious'), 'precious');
    symlinkSync(join(folder, 'precious'), join(folder, 'link'));
    assert.throws(() => appendToFile(join(folder, 'link'), 'x'), { code: 'ELOOP' });
    assert.equal(readFileSync(join(folder, 'precious'), 'utf8'), 'precious');
  });
});
