import assert from 'node:assert/strict';
import { statSync } from 'node:fs';
import { test } from 'node:test';
import { claudeBinaries, claudeBinary, claudeBinaryAt, compareVersions } from '../../../src/testing/index.ts';

test('both installed executables are found, the newest first, and are what their packages say', async () => {
  const found = claudeBinaries();
  assert.equal(found.length, 2);
  assert.ok(compareVersions(found[0]?.version ?? '', found[1]?.version ?? '') > 0);
  for (const binary of found) {
    assert.ok(statSync(binary.path).size > 1_000_000);
    assert.equal((await claudeBinaryAt(binary.path)).version, binary.version);
  }
});

test('a version that is not installed is refused with those that are', () => {
  assert.throws(
    () => claudeBinary('1.0.0'),
    new RegExp(
      `no claude 1\\.0\\.0 is installed \\(found: ${claudeBinaries()
        .map(({ version }) => `${version} .*`)
        .join('')}`,
    ),
  );
});

test('versions are compared by their numbers', () => {
  assert.ok(compareVersions('2.1.197', '2.1.1000') < 0);
  assert.ok(compareVersions('2.2.0', '2.1.999') > 0);
  assert.equal(compareVersions('2.1.3', '2.1.3'), 0);
});
