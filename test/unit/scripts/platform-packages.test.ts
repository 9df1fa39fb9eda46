import assert from 'node:assert/strict';
import { test } from 'node:test';
import { completeLock, missingPlatformPackages } from '../../../scripts/lock/platform-packages.ts';

const lock = {
  packages: {
    '': {},
    'node_modules/tool': {
      version: '1.0.0',
      dev: true,
      license: 'MIT',
      optionalDependencies: { '@tool/cli-linux-x64-musl': '1.0.0', '@tool/cli-darwin-arm64': '1.0.0' },
    },
    'node_modules/@tool/cli-darwin-arm64': { version: '1.0.0' },
  },
};

test('a platform package that the lock does not hold is added with the platform of its name', () => {
  assert.deepEqual(missingPlatformPackages(lock), ['@tool/cli-linux-x64-musl@1.0.0']);
  const { completed, added } = completeLock(lock);
  assert.deepEqual(added, ['@tool/cli-linux-x64-musl@1.0.0']);
  assert.deepEqual(completed.packages['node_modules/@tool/cli-linux-x64-musl'], {
    version: '1.0.0',
    os: ['linux'],
    cpu: ['x64'],
    libc: ['musl'],
    dev: true,
    license: 'MIT',
    optional: true,
  });
  assert.deepEqual(missingPlatformPackages(completed), []);
});

test('a complete lock stays as it is', () => {
  const { completed } = completeLock(lock);
  assert.deepEqual(completeLock(completed), { completed, added: [] });
});

test('a missing package whose name tells no platform is an error', () => {
  const odd = { packages: { 'node_modules/tool': { optionalDependencies: { fsevents: '2.0.0' } } } };
  assert.throws(() => completeLock(odd), /fsevents is missing in the lock file/);
});
