import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdirSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite, test } from 'node:test';
import { readRegular } from '../../../src/lib/read-regular.ts';
import { tempFolder } from '../../fixtures/temp-root.ts';

suite('reading a file that anybody may have put there', () => {
  test('a regular file is read whole, with its size in bytes and its time', (t) => {
    const path = join(tempFolder(t), 'a');
    writeFileSync(path, 'é\n');
    const found = readRegular(path, 3);
    assert.equal(found.kind, 'text');
    assert.deepEqual([found.kind === 'text' && found.text, found.kind === 'text' && found.bytes], ['é\n', 3]);
  });

  test('what is no regular file is told apart without being opened for long', (t) => {
    const folder = tempFolder(t);
    writeFileSync(join(folder, 'file'), 'x');
    symlinkSync(join(folder, 'file'), join(folder, 'link'));
    symlinkSync(join(folder, 'nothing'), join(folder, 'dangling'));
    mkdirSync(join(folder, 'folder'));
    execFileSync('mkfifo', [join(folder, 'fifo')]);
    for (const name of ['link', 'dangling', 'folder', 'fifo'])
      assert.deepEqual(readRegular(join(folder, name), 10), { kind: 'not-regular' }, name);
    assert.deepEqual(readRegular('/dev/zero', 10), { kind: 'not-regular' });
    assert.deepEqual(readRegular(join(folder, 'none'), 10), { kind: 'missing' });
    assert.deepEqual(readRegular(join(folder, 'file', 'below'), 10), { kind: 'missing' });
  });

  test('a file above the limit is not read, however large it claims to be', (t) => {
    const path = join(tempFolder(t), 'sparse');
    writeFileSync(path, '');
    truncateSync(path, 8 * 1024 ** 4);
    assert.deepEqual(readRegular(path, 1024), { kind: 'too-large', bytes: 8 * 1024 ** 4 });
  });

  test('bytes that are not UTF-8 are reported, not replaced', (t) => {
    const path = join(tempFolder(t), 'latin1');
    writeFileSync(path, Buffer.from([0x22, 0xe9, 0x22]));
    assert.deepEqual(readRegular(path, 10), { kind: 'not-utf8' });
  });

  test('a byte order mark is kept as a character', (t) => {
    const path = join(tempFolder(t), 'bom');
    writeFileSync(path, '\uFEFF{}');
    const found = readRegular(path, 10);
    assert.equal(found.kind === 'text' && found.text, '\uFEFF{}');
  });
});
