import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { after, before, suite, test } from 'node:test';
import { promisify } from 'node:util';

const project = resolve(import.meta.dirname, '../../..');

const HEAD = `import { test } from 'node:test';\n`;
const FIXTURES = {
  fine: `test('passes', () => {});\ntest.skip('is left out', () => {});`,
  failing: `test('passes', () => {});\ntest('fails', () => { throw new Error('on purpose'); });`,
  broken: `throw new Error('while loading');`,
  killed: `test('is killed', () => { process.kill(process.pid, 'SIGKILL'); });`,
  open: `test('passes', () => {});\nsetInterval(() => {}, 1000);`,
  warning: `test('passes', () => { process.emitWarning('a doubtful thing'); });`,
  deprecated: `test('passes', () => { process.emitWarning('an old thing', 'DeprecationWarning'); });`,
  environment: `import assert from 'node:assert/strict';
    test('sees nothing of the one who runs it', () => {
      assert.deepEqual(Object.keys(process.env).filter((name) => /^(CLAUDE|ANTHROPIC|CAHOOTS|BRIDGE)/.test(name)), []);
    });`,
  file: `import { writeFileSync } from 'node:fs'; import { tmpdir } from 'node:os';
    test('passes', () => { writeFileSync(tmpdir() + '/forgotten', ''); });`,
  process: `import { spawn } from 'node:child_process';
    test('passes', () => { spawn('sleep', ['60'], { detached: true, stdio: 'ignore' }).unref(); });`,
} as const;

suite('the test run', { concurrency: 3 }, () => {
  let folder: string;

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'runs-'));
    for (const [name, text] of Object.entries(FIXTURES)) {
      await mkdir(join(folder, name));
      await writeFile(join(folder, name, `${name}.test.ts`), HEAD + text);
    }
  });

  after(async () => {
    await rm(folder, { recursive: true, force: true });
  });

  async function runFixture(
    name: string,
    { ci = 'false' } = {},
  ): Promise<{ code: number; last: string; stdout: string }> {
    const { NODE_TEST_CONTEXT: _, ...rest } = process.env;
    const env = {
      ...rest,
      CI: ci,
      CLAUDE_CODE_ENTRYPOINT: 'cli',
      BRIDGE_DIR: '/nowhere',
      CAHOOTS_HOME: '/nowhere',
    };
    const args = [join(project, 'scripts/test.ts'), join(folder, name)];
    const done = await promisify(execFile)(process.execPath, args, { env }).then(
      ({ stdout }) => ({ code: 0, stdout }),
      (error: unknown) => error as { code: number; stdout: string },
    );
    const last = (done.stdout.trimEnd().split('\n').at(-1) ?? '').replace(/ \([\d.]+ s\)$/, '');
    return { ...done, last };
  }

  const expected: Record<keyof typeof FIXTURES, [string, number, string, RegExp?]> = {
    fine: ['a run in which all is well exits with 0', 0, '1 passed, 0 failed, 1 skipped'],
    failing: ['a failing test fails the run, with its error', 1, '1 passed, 1 failed', /on purpose/],
    broken: ['a file that does not load fails the run', 1, '0 passed, 1 failed', /while loading/],
    killed: ['a file whose process dies fails the run', 1, '0 passed, 1 failed'],
    open: [
      'a file that keeps something open fails soon and says what',
      1,
      '1 passed, 1 failed',
      /alive: .*Timeout/,
    ],
    warning: ['a process warning fails the run', 1, '1 passed, 1 failed', /a doubtful thing/],
    deprecated: ['the use of something deprecated fails the run', 1, '1 passed, 1 failed', /an old thing/],
    environment: ['tests do not see the session that runs them', 0, '1 passed, 0 failed'],
    file: [
      'a temporary file that is left fails the run',
      1,
      '1 passed, 1 failed',
      /LEFT BEHIND: .*forgotten/,
    ],
    process: [
      'a process that is left fails the run and is ended',
      1,
      '1 passed, 1 failed',
      /BEHIND: .*sleep 60/,
    ],
  };

  for (const [name, [title, code, last, shown]] of Object.entries(expected)) {
    test(title, async () => {
      const run = await runFixture(name);
      assert.deepEqual([run.code, run.last], [code, last], run.stdout);
      if (shown !== undefined) assert.match(run.stdout, shown);
    });
  }

  test('a test that is skipped fails the run in CI, and all that is well passes there', async () => {
    assert.equal((await runFixture('fine', { ci: 'true' })).code, 1);
    assert.equal((await runFixture('environment', { ci: 'true' })).code, 0);
  });

  test('a word that names no test is an error', async () => {
    const run = await runFixture('none');
    assert.notEqual(run.code, 0);
  });
});
