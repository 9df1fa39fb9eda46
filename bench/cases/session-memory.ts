import { readFileSync, readlinkSync, realpathSync, rmSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { claudeBinary, waitFor } from '../../src/testing/index.ts';
import type { BenchCase } from '../bench-case.ts';
import { figuresOf, type Row } from '../figures.ts';
import { DAEMON, type ManagedBench, managedBench } from '../managed/managed-bench.ts';

const PROGRAM = resolve(import.meta.dirname, '../programs/measured-daemon.ts');
const SESSIONS = 20;
const WORKERS = 3;
const TURNS = 50;
const RUNS = 3;
const GOAL_MB = 3;
const MB = 2 ** 20;

interface Memory {
  readonly rss: number;
  readonly heapUsed: number;
}

/** What the daemon needs for a session, beside the session's own process. */
export const sessionMemory: BenchCase = {
  name: 'session-memory',
  summary: `memory of the daemon for each session: from 1 to ${SESSIONS} that rest, and after ${TURNS} turns`,
  async run(effort) {
    const series: Record<'rss' | 'heap' | 'turnsRss' | 'turnsHeap' | 'claude' | 'one', number[]> = {
      rss: [],
      heap: [],
      turnsRss: [],
      turnsHeap: [],
      claude: [],
      one: [],
    };
    for (let run = 0; run < Math.max(1, Math.round(RUNS * effort)); run += 1) {
      const { one, all, worked, claude } = await measure();
      series.one.push(one.rss / MB);
      series.rss.push((all.rss - one.rss) / (SESSIONS - 1) / MB);
      series.heap.push((all.heapUsed - one.heapUsed) / (SESSIONS - 1) / MB);
      series.turnsRss.push((worked.rss - all.rss) / WORKERS / MB);
      series.turnsHeap.push((worked.heapUsed - all.heapUsed) / WORKERS / MB);
      series.claude.push(...claude);
    }
    const row = (name: string, values: readonly number[], goal?: number): Row => ({
      name,
      unit: 'MB',
      figures: figuresOf(values),
      ...(goal !== undefined && { goal }),
    });
    return [
      row('a further session: resident memory of the daemon', series.rss, GOAL_MB),
      row('a further session: heap in use', series.heap),
      row(`${TURNS} turns of a session: resident memory of the daemon`, series.turnsRss, GOAL_MB),
      row(`${TURNS} turns of a session: heap in use`, series.turnsHeap),
      row('the daemon with one session: resident memory', series.one),
      row('for comparison: the claude of a session (proportional share)', series.claude),
    ];
  },
};

async function measure(): Promise<{
  one: Memory;
  all: Memory;
  worked: Memory;
  claude: readonly number[];
}> {
  const { path } = claudeBinary();
  const bench = await managedBench({
    claude: path,
    program: PROGRAM,
    env: { BENCH_DAEMON: DAEMON },
  });
  try {
    const { pid } = await bench.ensure();
    const names = Array.from({ length: SESSIONS }, (_, index) => `session-${index}`);
    const [first = '', ...others] = names;
    await bench.spawn(first);
    await bench.turn(first, 'Say something.');
    const one = await memoryOf(bench, pid);
    for (const name of others) await bench.spawn(name);
    const all = await memoryOf(bench, pid);
    for (const name of names.slice(0, WORKERS)) {
      for (let turn = 0; turn < TURNS; turn += 1) await bench.turn(name, `Turn ${turn}.`);
    }
    const worked = await memoryOf(bench, pid);
    return { one, all, worked, claude: await memoryOfClaudes(bench, path) };
  } finally {
    await bench.end();
  }
}

async function memoryOf({ home }: ManagedBench, pid: number): Promise<Memory> {
  const file = join(home.runtimeDir, 'memory.json');
  rmSync(file, { force: true });
  process.kill(pid, 'SIGUSR2');
  return await waitFor(() => JSON.parse(readFileSync(file, 'utf8')) as Memory, {
    what: 'what the daemon has in use',
  });
}

/** The share of each `claude` in the memory of the machine, in MB. */
async function memoryOfClaudes({ home }: ManagedBench, claude: string): Promise<number[]> {
  const all = await home.liveProcesses();
  const own = all.filter(({ pid }) => readlinkSync(`/proc/${pid}/exe`) === realpathSync(claude));
  return own.map(({ pid }) => {
    const rollup = readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8');
    return Number(/^Pss:\s+(\d+) kB/m.exec(rollup)?.[1]) / 1024;
  });
}
