import assert from 'node:assert/strict';
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { promisify } from 'node:util';
import { z } from 'zod';
import { createCleanHome, DUMMY_API_KEY, waitFor } from '../../../src/testing/index.ts';

test('the environment is complete and inherits nothing but PATH and LANG', async (t) => {
  process.env.CLAUDE_BENCH_PROBE = 'inherited';
  t.after(() => delete process.env.CLAUDE_BENCH_PROBE);
  await using home = createCleanHome();
  const env = home.env({ EXTRA: '1', TERM: undefined });
  assert.equal(env.CLAUDE_BENCH_PROBE, undefined);
  assert.equal(env.TERM, undefined);
  assert.equal(env.EXTRA, '1');
  assert.equal(env.HOME, home.home);
  assert.equal(env.PATH?.split(':')[0], dirname(process.execPath));
  assert.deepEqual(
    Object.keys(env).filter((name) => name in process.env && process.env[name] === env[name]),
    ['LANG', 'SHELL', 'IS_SANDBOX'].filter((name) => process.env[name] === env[name]),
  );
});

test('sockets below the runtime folder have short paths', async () => {
  await using home = createCleanHome();
  assert.ok(join(home.runtimeDir, 'cc-socks', '4194304.sock').length < 100);
});

test('a project is trusted, holds its files and lies in no repository', async () => {
  await using home = createCleanHome({ state: { theme: 'light' } });
  const folder = home.project('my-app', { 'src/index.js': 'export {};' });
  assert.equal(readFileSync(join(folder, 'src/index.js'), 'utf8'), 'export {};');
  assert.partialDeepStrictEqual(JSON.parse(readFileSync(join(home.home, '.claude.json'), 'utf8')), {
    theme: 'light',
    hasCompletedOnboarding: true,
    customApiKeyResponses: { approved: [DUMMY_API_KEY.slice(-20)] },
    projects: { [folder]: { hasTrustDialogAccepted: true } },
  });
  const git = promisify(execFile)('git', ['rev-parse', '--show-toplevel'], { cwd: folder, env: home.env() });
  await assert.rejects(git);
});

test('a disposed home is gone', async () => {
  const home = createCleanHome();
  await home.dispose();
  await home.dispose();
  assert.equal(existsSync(home.root), false);
});

test('an orphan that was started with the environment is found, killed at the end and reported', async () => {
  const home = createCleanHome();
  // The shell ends at once; its child leaves the group and has no parent any more.
  const shell = spawn('/bin/sh', ['-c', 'setsid sleep 300 & exit 0'], { env: home.env(), stdio: 'ignore' });
  await once(shell, 'exit');
  const [orphan] = await waitFor(
    async () => {
      const all = await home.liveProcesses();
      return all.some((row) => row.command === 'sleep 300') ? all : false;
    },
    { what: 'the orphan' },
  );
  await assert.rejects(home.dispose({ graceMs: 50 }), (error) => {
    assert.ok(error instanceof Error && error.cause instanceof Error);
    assert.match(error.cause.message, /sleep 300/);
    return true;
  });
  assert.equal(existsSync(home.root), false);
  assert.equal(isRunning(orphan?.pid ?? 0), false);
});

test('a tracked process is found although its environment is another one', async () => {
  await using home = createCleanHome();
  const child = spawn('sleep', ['300'], { env: {}, stdio: 'ignore' });
  const exited = once(child, 'exit');
  home.track(child.pid ?? 0);
  assert.deepEqual(
    (await home.liveProcesses()).map((row) => row.pid),
    [child.pid],
  );
  child.kill();
  await exited;
  await home.waitUntilNothingRuns();
});

test('a test process that ends without disposing leaves no home and no process behind', async () => {
  const index = join(import.meta.dirname, '../../../src/testing/index.ts');
  const program = `
    import { spawn } from 'node:child_process';
    const { createCleanHome } = await import(${JSON.stringify(index)});
    const home = createCleanHome();
    const child = spawn('sleep', ['300'], { env: home.env(), stdio: 'ignore', detached: true });
    home.track(child.pid);
    console.log(JSON.stringify({ root: home.root, pid: child.pid }));
    process.exit(1);`;
  const child = spawn(process.execPath, ['--input-type=module', '-e', program], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const [output] = await Promise.all([once(child.stdout, 'data'), once(child, 'exit')]);
  const { root, pid } = z.object({ root: z.string(), pid: z.number() }).parse(JSON.parse(String(output)));
  assert.equal(existsSync(root), false);
  await waitFor(() => !isRunning(pid), { what: `the end of ${pid}` });
});

function isRunning(pid: number): boolean {
  try {
    // A zombie that nobody has reaped yet still has a number, but no command.
    return process.platform === 'linux'
      ? readFileSync(`/proc/${pid}/cmdline`, 'utf8') !== ''
      : process.kill(pid, 0);
  } catch {
    return false;
  }
}
