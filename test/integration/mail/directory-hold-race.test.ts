import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite, test } from 'node:test';
import { currentHolder } from '../../../src/directory/seat-hold.ts';
import { waitFor } from '../../../src/testing/wait-for.ts';
import { runProgram, startProgram } from '../../fixtures/run-program.ts';
import { tempRoot } from '../../fixtures/temp-root.ts';

suite('processes that want a seat', { concurrency: false }, () => {
  test('of twenty that try at the same moment exactly one gets it', async (t) => {
    const { root, seat } = tempRoot(t);
    const folder = seat('aaaaaa');
    const [go, done] = [join(root, 'go'), join(root, 'done')];
    const racers = Array.from({ length: 20 }, () =>
      startProgram(t, 'acquire-once.ts', { args: [root, 'aaaaaa', go, done] }),
    );
    await waitFor(() => racers.every((racer) => racer.output() === 'ready\n'), {
      what: 'the start',
      timeoutMs: 30_000,
    });
    writeFileSync(go, '');
    await waitFor(() => racers.every((racer) => /got|refused/.test(racer.output())), {
      what: 'the end',
      timeoutMs: 30_000,
    });
    assert.equal(currentHolder(folder)?.free, false);
    writeFileSync(done, '');
    const results = await Promise.all(racers.map((racer) => racer.ended));
    const answers = Map.groupBy(results, ({ stdout }) => stdout.trim().split('\n')[1]);
    assert.deepEqual([answers.get('got 1')?.length, answers.get('refused')?.length], [1, 19]);
    assert.equal(currentHolder(folder)?.free, true, 'it has ended');
  });

  test('however they come, leave and are killed, never two sit on it at once', async (t) => {
    const { root, seat } = tempRoot(t);
    seat('aaaaaa');
    const lives = [[20, 0], [40, 3, 0], [45, 0], [0], [1, 1, 0]].map(async (deaths) => {
      for (const diesAfter of deaths) {
        const args = [root, 'aaaaaa', join(root, 'marker'), String(diesAfter)];
        const run = await runProgram(t, 'hold-worker.ts', { args });
        assert.equal(run.stdout + run.stderr, '');
        assert.deepEqual([run.code, run.signal], diesAfter === 0 ? [0, null] : [null, 'SIGKILL']);
      }
    });
    await Promise.all(lives);
  });

  test('nor where the file system has no hard links', async (t) => {
    const { root, seat } = tempRoot(t);
    seat('aaaaaa');
    const args = [root, 'aaaaaa', join(root, 'marker'), '0'];
    const imports = ['no-hard-links.ts'];
    const lives = Array.from(
      { length: 4 },
      async () => await runProgram(t, 'hold-worker.ts', { args, imports }),
    );
    for (const run of await Promise.all(lives)) {
      assert.equal(run.stdout + run.stderr, '');
      assert.equal(run.code, 0);
    }
  });

  test('sessions that start at the same moment in one project get seats and names of their own', async (t) => {
    const { root } = tempRoot(t);
    const [go, done] = [join(root, 'go'), join(root, 'done')];
    const args = [root, '/projects/app', go, done];
    const starters = Array.from({ length: 8 }, () => startProgram(t, 'take-seat-once.ts', { args }));
    await waitFor(() => starters.every((one) => one.output() === 'ready\n'), {
      what: 'the start',
      timeoutMs: 30_000,
    });
    writeFileSync(go, '');
    await waitFor(() => starters.every((one) => / new\n/.test(one.output())), {
      what: 'the seats',
      timeoutMs: 30_000,
    });
    writeFileSync(done, '');
    const results = await Promise.all(starters.map((one) => one.ended));
    const taken = results.map(({ stdout }) => stdout.trim().split('\n')[1]?.split(' ') ?? []);
    assert.equal(new Set(taken.map(([id]) => id)).size, 8);
    assert.deepEqual(
      new Set(taken.map(([, name]) => name)),
      new Set(['app', ...[2, 3, 4, 5, 6, 7, 8].map((number) => `app-${number}`)]),
    );
  });
});
