import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite, test } from 'node:test';
import { ManagedBench } from '../../fixtures/managed-bench.ts';
import { testedBinaries } from '../../fixtures/tested-binaries.ts';

/** So many steps, each of which leaves a line. */
const LOOP = 'LOOP 12 echo step >> steps';

function stepsIn(bench: ManagedBench): number {
  const path = join(bench.cwd, 'steps');
  return existsSync(path) ? readFileSync(path, 'utf8').split('\n').length - 1 : 0;
}

for (const { version, path: program } of testedBinaries()) {
  suite(`the limits of a managed session of claude ${version}`, () => {
    test('of money, tokens and turns end a turn in its middle, with a result, and by no more than one step late [D1]', async (t) => {
      // The same for every step, so that what is left over is known.
      const usage = { inputTokens: 10_000, outputTokens: 100 };
      const bench = await ManagedBench.start(t, {
        program,
        rules: [(turn) => (turn.prompt === 'PRICE' ? { text: 'free', usage } : undefined)],
        stepUsage: usage,
      });
      await bench.spawn('price', { model: 'claude-sonnet-4-5' });
      const { turn: step } = await bench.ask('price', 'PRICE');
      const costUsd = step?.spent.costUsd ?? 0;
      assert.ok(costUsd > 0);
      await bench.steer('price', 'stop');
      const cases = [
        ['turns', 3, 3],
        ['costUsd', costUsd * 2.5, 3],
        ['tokens', 10_100 * 2 + 1, 3],
      ] as const;
      for (const scope of ['turn', 'session'] as const) {
        for (const [limit, allowed, most] of cases) {
          const name = `${scope}-${limit}`;
          const before = stepsIn(bench);
          const limits = { session: {}, turn: {}, [scope]: { [limit]: allowed } };
          await bench.spawn(name, { model: 'claude-sonnet-4-5', limits });
          const { ended, turn } = await bench.ask(name, LOOP);
          assert.ok(ended?.outcome === 'limit-reached', `${name}: ${JSON.stringify(ended)}`);
          assert.deepEqual(
            [ended.reached.limit, ended.reached.scope, ended.reached.allowed],
            [limit, scope, allowed],
          );
          assert.equal(turn?.steps, most, name);
          // The step that reached it is not carried out any more.
          assert.equal(stepsIn(bench) - before, most - 1, name);
          assert.ok((turn?.spent.costUsd ?? 0) <= costUsd * most * 1.001, name);
          const again = await bench.ask(name, 'SAY more');
          assert.equal(again.ended?.outcome, scope === 'turn' ? 'completed' : 'limit-reached');
          await bench.steer(name, 'stop');
        }
      }
    });

    test('of time ends a turn while a command runs and while the model thinks [D1]', async (t) => {
      const bench = await ManagedBench.start(t, { program });
      await bench.spawn('worker', { limits: { session: {}, turn: { minutes: 0.05 } } });
      for (const text of ['RUN touch f && tail -f f', 'HANG']) {
        const { ended, turn } = await bench.ask('worker', text);
        assert.ok(ended?.outcome === 'limit-reached', JSON.stringify([ended, turn]));
        assert.equal(ended.reached.limit, 'minutes');
      }
      assert.equal((await bench.ask('worker', 'SAY next')).turn?.text, 'next');
    });
  });
}
