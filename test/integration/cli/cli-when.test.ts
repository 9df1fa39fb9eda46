import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { test } from 'node:test';
import { waitFor } from '../../../src/testing/wait-for.ts';
import { cliBox } from '../../fixtures/cli.ts';

test('when waits until a peer is idle, or has ended, and says so', async (t) => {
  const box = cliBox(t);
  const [app, lib] = [await box.shell('app'), await box.shell('lib')];
  const idle = await app.run('when', 'lib', 'idle');
  assert.deepEqual([idle.code, idle.stdout], [0, `lib (${lib.id}) is idle.\n`]);
  const ending = app.start(['when', 'lib', 'ended', '--json']);
  await waitFor(() => ending.stderr() !== '' || ending.child.pid !== undefined, { what: 'the wait' });
  await lib.run('stop');
  const ended = await ending.ended;
  assert.equal(ended.code, 0, ended.stderr);
  assert.deepEqual(JSON.parse(ended.stdout), {
    peer: { id: lib.id, name: 'lib' },
    event: 'ended',
    text: `lib (${lib.id}) has ended.`,
  });
});

test('when waits for a new commit in a peer’s project', async (t) => {
  const box = cliBox(t);
  const [app, lib] = [await box.shell('app'), await box.shell('lib')];
  const env = { PATH: process.env['PATH'] ?? '', HOME: lib.folder, GIT_CONFIG_NOSYSTEM: '1' };
  const git = (...words: string[]): void =>
    void execFileSync('git', ['-c', 'user.name=a', '-c', 'user.email=a@b', ...words], {
      cwd: lib.folder,
      env,
    });
  git('init', '-q', '-b', 'main');
  git('commit', '-q', '--allow-empty', '-m', 'one');
  const waiting = app.start(['when', 'lib', 'commit', '--wait', '60']);
  const commits = setInterval(() => git('commit', '-q', '--allow-empty', '-m', 'more'), 1_000);
  try {
    const { code, stdout } = await waiting.ended;
    assert.equal(code, 0);
    assert.match(stdout, new RegExp(`^lib \\(${lib.id}\\) has a new commit on main: [0-9a-f]{12}\\.\\n$`));
  } finally {
    clearInterval(commits);
  }
});

test('[M3] when ends with 4 when the time is up, and says what it does not know', async (t) => {
  const box = cliBox(t);
  const [app] = [await box.shell('app'), await box.shell('lib')];
  const late = await app.run('when', 'lib', 'done', '--wait', '0.2');
  assert.equal(late.code, 4);
  assert.match(late.stderr, /was not seen "done" within 0\.2 s/);
  for (const [words, code] of [
    [['lib', 'never'], 2],
    [['nobody', 'idle'], 3],
  ] as const)
    assert.equal((await app.run('when', ...words)).code, code);
});
