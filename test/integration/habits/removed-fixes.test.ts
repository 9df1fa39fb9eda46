import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { cp, readFile, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, suite, test } from 'node:test';
import { promisify } from 'node:util';
import { Scope } from '../../fixtures/lifetime.ts';
import { tempFolder } from '../../fixtures/temp-root.ts';
import { FIXES, type Fix } from './fixes.ts';

const PROJECT = join(import.meta.dirname, '../../..');
/** Without its fix a test may wait for what never comes. */
const TIMEOUT = '--test-timeout=10000';
const COPIED = ['src', 'test', 'plugin', 'package.json', 'tsconfig.json'];

/** How the named test of a fix ends in a copy of the project. */
async function outcomeIn(copy: string, { test: file, title }: Fix): Promise<'green' | 'red' | 'not run'> {
  const { NODE_TEST_CONTEXT: _, ...env } = process.env;
  const pattern = `^${title.replace(/[\\^$.*+?()[\]{}|/]/g, '\\$&')}$`;
  const args = ['--test', '--test-reporter=tap', TIMEOUT, `--test-name-pattern=/${pattern}/`, file];
  const { stdout } = await promisify(execFile)(process.execPath, args, {
    cwd: copy,
    env,
    timeout: 60_000,
  }).catch((error: { stdout: string }) => error);
  const ends = stdout.split('\n').filter((line) => line.endsWith(` - ${title.replaceAll('#', '\\#')}`));
  if (ends.length === 0) return 'not run';
  return ends.every((line) => /^\s*ok /.test(line)) ? 'green' : 'red';
}

suite('a fix that is taken out again', () => {
  const scope = new Scope();
  let copy = '';

  before(async () => {
    copy = tempFolder(scope);
    for (const name of COPIED) await cp(join(PROJECT, name), join(copy, name), { recursive: true });
    await symlink(join(PROJECT, 'node_modules'), join(copy, 'node_modules'));
  });

  after(async () => await scope.end());

  for (const fix of FIXES) {
    test(`is missed by its test: ${fix.fault}`, async () => {
      const path = join(copy, fix.file);
      const whole = await readFile(path, 'utf8');
      assert.equal(whole.split(fix.fixed).length, 2, `${fix.file} has no such place, or two: ${fix.fixed}`);
      assert.equal(await outcomeIn(copy, fix), 'green', 'with the fix');
      await writeFile(
        path,
        whole.replace(fix.fixed, () => fix.broken),
      );
      try {
        assert.equal(await outcomeIn(copy, fix), 'red', 'without it');
      } finally {
        await writeFile(path, whole);
      }
    });
  }

  test('is not taken for missed where the named test is not run at all', async () => {
    const [fix] = FIXES;
    assert.ok(fix !== undefined);
    assert.equal(await outcomeIn(copy, { ...fix, title: 'there is no such test' }), 'not run');
  });
});
