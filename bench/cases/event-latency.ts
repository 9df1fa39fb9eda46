import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { claudeBinary, type ModelRule, waitFor } from '../../src/testing/index.ts';
import type { BenchCase } from '../bench-case.ts';
import { figuresOf, type Row } from '../figures.ts';
import { startBare } from '../managed/bare-claude.ts';
import { managedBench } from '../managed/managed-bench.ts';
import { STAMPED, stampedClaude } from '../managed/stamps.ts';
import { startWatcher, type Watcher } from '../managed/watcher.ts';

const ROUNDS = 60;
const WATCHERS = 20;
const GOAL_MS = 10;
const PAUSE_MS = 50;

/** How far behind a person is who watches a session. */
export const eventLatency: BenchCase = {
  name: 'event-latency',
  summary: "a line of claude's output → a client of GET /v1/events has the event, alone and beside 19 others",
  async run(effort) {
    const rounds = Math.max(5, Math.round(ROUNDS * effort));
    const folder = mkdtempSync(join(tmpdir(), 'cahoots-bench-'));
    const binary = claudeBinary();
    const claude = stampedClaude(binary.path, { folder });
    const bench = await managedBench({ claude: claude.path, rules: [say] });
    const watchers: Watcher[] = [];
    const read = new Map<string, bigint>();
    let number = 0;
    try {
      await bench.ensure();
      await bench.spawn('watched');
      const { home, api } = bench;
      const bare = await startBare(
        {
          home,
          binary: { ...binary, path: claude.path },
          model: api.session('bare', say),
          cwd: home.project('bare'),
        },
        { onLine: (line) => noteMark(read, line) },
      );
      try {
        const marks = { bare: [] as string[], one: [] as string[], many: [] as string[] };
        for (const [some, count] of [
          ['one', 1],
          ['many', WATCHERS],
        ] as const) {
          while (watchers.length < count) watchers.push(await startWatcher(bench.access.place.socket));
          for (let round = 0; round < rounds; round += 1) {
            marks[some].push(`MARK-${++number}-END`);
            await bench.turn('watched', `Say MARK-${number}-END`);
            marks.bare.push(`MARK-${++number}-END`);
            await bare.turn(`Say MARK-${number}-END`);
            await sleep(PAUSE_MS);
          }
        }
        const last = marks.many.at(-1) ?? '';
        await waitFor(() => watchers.every(({ seen }) => seen.has(last)), { what: 'the last event' });
        const stamps = claude.stamps();
        const [first] = watchers;
        const way = (mark: string, arrivals: readonly (bigint | undefined)[]): number =>
          Math.max(...arrivals.map((atNs) => Number((atNs ?? 0n) - (stamps.get(mark) ?? 0n)) / 1e6));
        const row = (name: string, values: readonly number[], goal?: number): Row => ({
          name,
          unit: 'ms',
          figures: figuresOf(values),
          ...(goal !== undefined && { goal }),
        });
        return [
          row(
            'line → the event at the one who watches',
            marks.one.map((mark) => way(mark, [first?.seen.get(mark)])),
            GOAL_MS,
          ),
          row(
            `line → the event at the last of ${WATCHERS}`,
            marks.many.map((mark) =>
              way(
                mark,
                watchers.map(({ seen }) => seen.get(mark)),
              ),
            ),
            GOAL_MS,
          ),
          row(
            'for comparison: line → read from the pipe of a bare claude',
            marks.bare.map((mark) => way(mark, [read.get(mark)])),
          ),
        ];
      } finally {
        await bare.stop();
      }
    } finally {
      for (const watcher of watchers) watcher.stop();
      await bench.end();
      rmSync(folder, { recursive: true, force: true });
    }
  },
};

const say: ModelRule = ({ kind, prompt }) => (kind === 'main' ? STAMPED.exec(prompt)?.[0] : undefined);

function noteMark(read: Map<string, bigint>, line: string): void {
  const mark = line.includes('"type":"assistant"') ? STAMPED.exec(line)?.[0] : undefined;
  if (mark !== undefined) read.set(mark, process.hrtime.bigint());
}
