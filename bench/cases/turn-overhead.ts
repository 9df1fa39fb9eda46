import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { type ClaudeBinary, claudeBinaries, type ModelRule } from '../../src/testing/index.ts';
import type { BenchCase } from '../bench-case.ts';
import { figuresOf, type Row } from '../figures.ts';
import { startBare } from '../managed/bare-claude.ts';
import { type ManagedBench, managedBench } from '../managed/managed-bench.ts';
import { startSdkAlone } from '../managed/sdk-alone.ts';

const ROUNDS = 60;
const WARM_UP = 3;
/** The host writes its record of the conversation after a turn: that is not to fall on the next one. */
const PAUSE_MS = 80;
const CALLS = 3;
const GOAL_MS = 15;

/** What a turn costs beside what `claude` itself takes for it. */
export const turnOverhead: BenchCase = {
  name: 'turn-overhead',
  summary:
    'a turn given to the daemon → its result, beside the same turn of a bare claude and of the Agent SDK alone',
  async run(effort) {
    const rounds = Math.max(5, Math.round(ROUNDS * effort));
    const rows: Row[] = [];
    for (const binary of claudeBinaries()) rows.push(...(await measure(binary, rounds)));
    return rows;
  },
};

/** One way to have a turn. */
interface Way {
  readonly name: string;
  readonly turn: (text: string) => Promise<unknown>;
}

async function measure(binary: ClaudeBinary, rounds: number): Promise<Row[]> {
  const bench = await managedBench({ claude: binary.path, rules: [turns()] });
  const stops: (() => unknown)[] = [];
  try {
    const { pid } = await bench.ensure();
    await bench.spawn('managed');
    const { home, api } = bench;
    const folder = (name: string): string => home.project(name, { 'notes.txt': 'What is known here.\n' });
    const bare = await startBare({
      home,
      binary,
      cwd: folder('bare'),
      model: api.session('bare', turns()),
    });
    stops.push(() => bare.stop());
    const sdks = (['sdk', 'asked'] as const).map((name) => {
      const model = api.session(name, turns());
      const sdk = startSdkAlone({
        home,
        model,
        claude: binary.path,
        cwd: folder(name),
        asks: name === 'asked',
      });
      stops.push(() => sdk.stop());
      return { name, turn: (text: string) => sdk.turn(text) };
    });
    const ways: Way[] = [
      { name: 'managed', turn: (text) => bench.turn('managed', text) },
      { name: 'bare', turn: (text) => bare.turn(text) },
      ...sdks,
    ];
    const rows: Row[] = [];
    for (const [what, ask] of [
      ['a word', (way: Way) => `SAY ${way.name}`],
      [`${CALLS} tool calls`, (way: Way) => `READ ${join(pathOf(bench, way.name), 'notes.txt')}`],
    ] as const) {
      const name = `${binary.version}, ${what}`;
      const before = processorMs(pid);
      rows.push(...rowsOf(name, await inTurns(ways, { rounds, ask })));
      const perTurn = (processorMs(pid) - before) / (WARM_UP + rounds);
      rows.push({ name: `${name}: processor time of the daemon`, unit: 'ms', figures: figuresOf([perTurn]) });
    }
    return rows;
  } finally {
    for (const stop of stops) await stop();
    await bench.end();
  }
}

function pathOf({ home }: ManagedBench, name: string): string {
  return join(home.root, 'p', name);
}

/** What a process has used, as Linux counts it: in hundredths of a second. */
function processorMs(pid: number): number {
  const [, rest = ''] = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ');
  const fields = rest.split(' ');
  return (Number(fields[11]) + Number(fields[12])) * 10;
}

/** Answers with a word, or first reads a file that often, one call after the other. */
function turns(): ModelRule {
  let path = '';
  let calls = 0;
  return ({ kind, prompt }) => {
    if (kind !== 'main') return undefined;
    const asked = /READ (\S+)/.exec(prompt)?.[1];
    if (asked !== undefined) [path, calls] = [asked, CALLS];
    if (calls === 0) return 'DONE';
    calls -= 1;
    return { tool: 'Read', input: { file_path: path } };
  };
}

/** The times of each way, taken in turn; who is first changes from round to round. */
async function inTurns(
  ways: readonly Way[],
  { rounds, ask }: { rounds: number; ask: (way: Way) => string },
): Promise<ReadonlyMap<string, readonly number[]>> {
  const times = new Map(ways.map(({ name }): [string, number[]] => [name, []]));
  for (let round = -WARM_UP; round < rounds; round += 1) {
    for (const [index] of ways.entries()) {
      const way = ways[(index + round + WARM_UP) % ways.length];
      if (way === undefined) continue;
      const start = performance.now();
      await way.turn(ask(way));
      if (round >= 0) times.get(way.name)?.push(performance.now() - start);
      await sleep(PAUSE_MS);
    }
  }
  return times;
}

function rowsOf(name: string, times: ReadonlyMap<string, readonly number[]>): Row[] {
  const [managed = [], bare = [], sdk = [], asked = []] = ['managed', 'bare', 'sdk', 'asked'].map((way) =>
    times.get(way),
  );
  const over = managed.map((ms, round) => ms - (bare[round] ?? Number.NaN));
  return [
    { name: `${name}: more than a bare claude`, unit: 'ms', figures: figuresOf(over), goal: GOAL_MS },
    { name: `${name}: through the daemon`, unit: 'ms', figures: figuresOf(managed) },
    { name: `${name}, for comparison: a bare claude`, unit: 'ms', figures: figuresOf(bare) },
    { name: `${name}, for comparison: the Agent SDK alone`, unit: 'ms', figures: figuresOf(sdk) },
    {
      name: `${name}, for comparison: the Agent SDK alone, asked about each call`,
      unit: 'ms',
      figures: figuresOf(asked),
    },
  ];
}
