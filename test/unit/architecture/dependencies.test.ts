import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { suite, test } from 'node:test';
import { type LockFile, missingPlatformPackages } from '../../../scripts/lock/platform-packages.ts';
import { PROJECT } from './source-files.ts';

interface Manifest {
  readonly devDependencies: Readonly<Record<string, string>>;
  readonly peerDependencies: Readonly<Record<string, string>>;
  readonly dependencies?: Readonly<Record<string, string>>;
}

const manifest = JSON.parse(await readFile(join(PROJECT, 'package.json'), 'utf8')) as Manifest;
const lockText = await readFile(join(PROJECT, 'package-lock.json'), 'utf8');
const rows = registerRows(await readFile(join(PROJECT, 'DEPENDENCIES.md'), 'utf8'));

suite('dependencies', () => {
  test('each package of package.json has its row in DEPENDENCIES.md, in order, and there is no other row', () => {
    assert.deepEqual(
      rows.map((row) => row.name),
      Object.keys(manifest.devDependencies).sort(),
    );
  });

  test('each row says why, licence, size, when it was last released and how it ships', () => {
    for (const { name, cells } of rows) {
      assert.equal(cells.length, 5, name);
      for (const cell of cells) assert.notEqual(cell, '', name);
    }
  });

  test('the optional peers are those of package.json, and nothing is a runtime dependency', () => {
    const peers = rows.filter((row) => row.cells.at(-1) === 'optional peer').map((row) => row.name);
    assert.deepEqual(peers, Object.keys(manifest.peerDependencies).sort());
    assert.deepEqual(manifest.dependencies ?? {}, {});
  });

  test('the lock file holds all platform packages, or npm ci refuses it', () => {
    const missing = missingPlatformPackages(JSON.parse(lockText) as LockFile);
    assert.deepEqual(missing, [], 'run: node scripts/complete-lock.ts');
  });

  test('the lock file names no registry', () => {
    assert.doesNotMatch(lockText, /"resolved":/);
  });

  test('a table is read with and without rows', () => {
    assert.deepEqual(registerRows('# Title\n'), []);
    assert.deepEqual(registerRows('| package | why |\n|---|---|\n| `a` | x |\n| `b` | |\n'), [
      { name: 'a', cells: ['x'] },
      { name: 'b', cells: [''] },
    ]);
  });
});

function registerRows(markdown: string): { name: string; cells: string[] }[] {
  return [...markdown.matchAll(/^\| `([^`]+)` \|(.*)\|$/gm)].map((row) => ({
    name: row[1] ?? '',
    cells: (row[2] ?? '').split('|').map((cell) => cell.trim()),
  }));
}
