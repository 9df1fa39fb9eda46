import { claudeBinary, type ModelRule } from '../../src/testing/index.ts';
import type { BenchCase } from '../bench-case.ts';
import { figuresOf } from '../figures.ts';
import { type BareClaude, startBare } from '../managed/bare-claude.ts';
import { managedBench } from '../managed/managed-bench.ts';
import { inTurn } from '../whole-process.ts';

const SESSIONS = 20;
const ROUNDS = 10;

const word: ModelRule = ({ kind }) => (kind === 'main' ? 'DONE' : undefined);

/** Many sessions at once, which share the daemon's one thread. */
export const sessionsParallel: BenchCase = {
  name: 'sessions-parallel',
  summary: `${SESSIONS} sessions have a turn at the same time → the last is done, beside as many bare claude processes`,
  async run(effort) {
    const binary = claudeBinary();
    const bench = await managedBench({ claude: binary.path, rules: [word] });
    const stops: (() => Promise<unknown>)[] = [];
    try {
      await bench.ensure();
      const { home, api } = bench;
      const managed = Array.from({ length: SESSIONS }, (_, index) => `managed-${index}`);
      for (const name of managed) await bench.spawn(name);
      const model = api.session('bare', word);
      const bare: BareClaude[] = [];
      for (let index = 0; index < SESSIONS; index += 1) {
        const claude = await startBare({ home, binary, model, cwd: home.project(`bare-${index}`) });
        stops.push(() => claude.stop());
        bare.push(claude);
      }
      const [throughDaemon = [], alone = []] = await inTurn(
        Math.max(3, Math.round(ROUNDS * effort)),
        () => timeOf(managed.map((name) => () => bench.turn(name, 'Say something.'))),
        () => timeOf(bare.map((claude) => () => claude.turn('Say something.'))),
      );
      return [
        {
          name: `${SESSIONS} turns at once, through the daemon`,
          unit: 'ms',
          figures: figuresOf(throughDaemon),
        },
        { name: `for comparison: ${SESSIONS} bare claude`, unit: 'ms', figures: figuresOf(alone) },
      ];
    } finally {
      await Promise.all(stops.map((stop) => stop()));
      await bench.end();
    }
  },
};

async function timeOf(turns: readonly (() => Promise<unknown>)[]): Promise<number> {
  const start = performance.now();
  await Promise.all(turns.map((turn) => turn()));
  return performance.now() - start;
}
