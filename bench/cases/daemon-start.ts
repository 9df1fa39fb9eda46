import type { BenchCase } from '../bench-case.ts';
import { figuresOf } from '../figures.ts';
import { managedBench } from '../managed/managed-bench.ts';
import { inTurn, wholeProcess } from '../whole-process.ts';

const ROUNDS = 20;

/** How long the first command that needs the daemon waits for it. */
export const daemonStart: BenchCase = {
  name: 'daemon-start',
  summary:
    'daemon: no daemon → it has answered, as the first call of a command sees it; a call of one that runs',
  async run(effort) {
    const bench = await managedBench({});
    try {
      const calls: number[] = [];
      const [nothing = [], start = []] = await inTurn(
        Math.max(4, Math.round(ROUNDS * effort)),
        () => wholeProcess({ file: process.execPath, args: ['-e', '0'], env: { PATH: process.env['PATH'] } }),
        async () => {
          const before = performance.now();
          await bench.ensure();
          const started = performance.now();
          await bench.call('GET', '/v1/health');
          calls.push(performance.now() - started);
          await bench.shutDown();
          return started - before;
        },
      );
      return [
        { name: 'no daemon → its first answer', unit: 'ms', figures: figuresOf(start) },
        { name: 'for comparison: node -e 0', unit: 'ms', figures: figuresOf(nothing) },
        { name: 'the next call', unit: 'ms', figures: figuresOf(calls) },
      ];
    } finally {
      await bench.end();
    }
  },
};
