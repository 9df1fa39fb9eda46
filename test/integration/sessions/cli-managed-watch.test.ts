import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import type { WatchedSessionEvent } from '../../../src/protocol/session-event.ts';
import { waitFor } from '../../../src/testing/index.ts';
import { managedBox } from '../../fixtures/managed-box.ts';

suite('watch', () => {
  test('shows how things stand, then what happens, until Ctrl-C', async (t) => {
    const box = await managedBox(t);
    const shell = box.bareShell('app');
    await shell.json(['spawn', 'worker']);
    await shell.json(['spawn', 'other', '--prompt', 'HANG']);
    const [all, one] = [shell.start(['watch']), shell.start(['watch', 'worker', '--json'])];
    await waitFor(
      () => / worker +is idle\n/.test(all.stdout()) && / other +works on: HANG\n/.test(all.stdout()),
      {
        what: 'how things stand',
        explain: () => all.stdout() + all.stderr(),
      },
    );
    await waitFor(() => one.stdout().includes('\n'), { what: 'the state of one' });
    await shell.run('ask', 'worker', 'CALL TodoWrite');
    await waitFor(() => / worker +completed \(\$0\.0200, \d\.\d s\)\n/.test(all.stdout()), {
      what: 'the end of the turn',
      explain: () => all.stdout(),
    });
    for (const line of [
      /^\d\d:\d\d:\d\d {2}worker {2}works on: CALL TodoWrite$/m,
      /^\d\d:\d\d:\d\d {2}worker {2}calls TodoWrite \{"command":"make"\}$/m,
      /^\d\d:\d\d:\d\d {2}worker {2}says: TOLD\[made\]$/m,
    ]) {
      assert.match(all.stdout(), line);
    }
    await waitFor(() => one.stdout().includes('"outcome":"completed"'), { what: 'the end, as JSON' });
    for (const watch of [all, one]) watch.child.kill('SIGINT');
    assert.deepEqual([(await all.ended).code, (await one.ended).code], [130, 130]);
    const lines = (await one.ended).stdout.trimEnd().split('\n');
    const events = lines.map((line) => JSON.parse(line) as WatchedSessionEvent);
    assert.deepEqual(
      new Set(events.map(({ type }) => type)),
      new Set(['session:changed', 'prompt:changed', 'agent:acted']),
    );
    assert.ok(!(await one.ended).stdout.includes('"name":"other"'));
  });

  test('ends with a word when the daemon goes away, in order or not [M3]', async (t) => {
    for (const signal of ['SIGTERM', 'SIGKILL'] as const) {
      const box = await managedBox(t);
      const shell = box.bareShell('app');
      await shell.json(['spawn', 'worker']);
      const watch = shell.start(['watch']);
      await waitFor(() => watch.stdout().includes('is idle'), { what: 'the state' });
      box.daemon.kill(signal);
      const { code, stderr } = await watch.ended;
      assert.deepEqual(
        [code, /The daemon (?:has ended the watch|went away)/.test(stderr)],
        [1, true],
        stderr,
      );
    }
  });

  test('an ask ends when the daemon goes away [M3]', async (t) => {
    const box = await managedBox(t);
    const shell = box.bareShell('app');
    await shell.json(['spawn', 'worker']);
    const asking = shell.start(['ask', 'worker', 'HANG', '--json']);
    const isRunning = async (): Promise<boolean> => (await shell.run('list')).stdout.includes('running');
    await waitFor(isRunning, { what: 'the turn' });
    box.daemon.kill('SIGKILL');
    const { code, stdout } = await asking.ended;
    assert.deepEqual(
      [code, (JSON.parse(stdout) as { error: { code: string } }).error.code],
      [1, 'daemon-unreachable'],
    );
  });
});
