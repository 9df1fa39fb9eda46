import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import {
  type ClaudeBinary,
  type CleanHome,
  claudeBinaries,
  createCleanHome,
  type InteractiveClaude,
  type ModelRule,
  type ModelSession,
  startInteractiveClaude,
  startModelApi,
  waitFor,
  when,
} from '../../src/testing/index.ts';
import type { BenchCase } from '../bench-case.ts';
import { figuresOf, type Row } from '../figures.ts';
import { liftLimits, rootOf } from '../lifted-limits.ts';

const PLUGIN = resolve(import.meta.dirname, '../../plugin');
const TOOL = 'mcp__plugin_cahoots_bridge__';
const ROUNDS = 30;
/** Long enough for the answering session to end its turn and be idle again. */
const PAUSE_MS = 1_500;
const GOALS: Readonly<Record<string, number>> = { '2.1.197': 900, '2.1.329': 200 };

/** From the model's tool call in one session to the text in the other one's model request, with the real `claude`. */
export const askLatency: BenchCase = {
  name: 'ask-latency',
  summary: 'tool call ask in session A → text in the model request of session B, real claude, scripted model',
  async run(effort) {
    const rounds = Math.max(3, Math.round(ROUNDS * effort));
    const rows: Row[] = [];
    for (const binary of claudeBinaries()) {
      for (const mode of ['idle', 'busy'] as const) {
        const values = await series(binary, { mode, rounds, ask: askByCahoots });
        const goal = GOALS[binary.version];
        rows.push({
          name: `${binary.version}, B ${mode}`,
          unit: 'ms',
          figures: figuresOf(values),
          ...(goal === undefined ? {} : { goal }),
        });
      }
      if (binary.version !== '2.1.197') {
        const values = await series(binary, { mode: 'idle', rounds, ask: askByHost });
        rows.push({
          name: `${binary.version}, B idle, for comparison: the host's own SendMessage`,
          unit: 'ms',
          figures: figuresOf(values),
        });
      }
    }
    return rows;
  },
};

interface Series {
  readonly mode: 'idle' | 'busy';
  readonly rounds: number;
  readonly ask: (round: number) => { tool: string; input: Record<string, unknown> };
}

function askByCahoots(round: number): { tool: string; input: Record<string, unknown> } {
  return { tool: `${TOOL}ask`, input: { peer: 'bench-b', question: `QUESTION-${round}.`, wait_seconds: 30 } };
}

/** Fire and forget: what it sends has no answer to wait for. */
function askByHost(round: number): { tool: string; input: Record<string, unknown> } {
  return {
    tool: 'SendMessage',
    input: { to: 'bench-b', message: `QUESTION-${round}.`, summary: 'a question' },
  };
}

async function series(binary: ClaudeBinary, { mode, rounds, ask }: Series): Promise<number[]> {
  const api = await startModelApi();
  const home = createCleanHome();
  liftLimits(home);
  const sessions: InteractiveClaude[] = [];
  try {
    const sentMs: number[] = [];
    const a = api.session('a', askInTurn({ sentMs, rounds, ask }));
    const b = api.session('b', answer, ...(mode === 'busy' ? [work] : []));
    sessions.push(
      await start({ binary, home, model: a, name: 'bench-a' }),
      await start({ binary, home, model: b, name: 'bench-b' }),
    );
    await waitFor(() => seatsWithRecord(home) === 2, { what: 'both seats', timeoutMs: 30_000 });
    const [asking, answering] = sessions;
    if (mode === 'busy') await answering?.submit('WORK');
    await asking?.submit('GO');
    return await arrivals({ b, sentMs, rounds });
  } finally {
    await Promise.all(sessions.map(async (session) => await session.stop()));
    await home.dispose();
    await api.close();
  }
}

async function arrivals({
  b,
  sentMs,
  rounds,
}: {
  b: ModelSession;
  sentMs: readonly number[];
  rounds: number;
}): Promise<number[]> {
  const values: number[] = [];
  for (let round = 0; round < rounds; round += 1) {
    const request = await b.waitForRequest(`QUESTION-${round}.`, { timeoutMs: 60_000 });
    values.push(request.atMs - (sentMs[round] ?? Number.NaN));
  }
  return values;
}

/** Each result of a question is followed by the next one, after a pause in which the other session comes to rest. */
function askInTurn({
  sentMs,
  rounds,
  ask,
}: {
  sentMs: number[];
  rounds: number;
  ask: Series['ask'];
}): ModelRule {
  return async (turn) => {
    if (turn.kind !== 'main' || sentMs.length >= rounds) return undefined;
    await sleep(PAUSE_MS);
    const call = ask(sentMs.length);
    sentMs.push(performance.now());
    return call;
  };
}

const answer: ModelRule = when(/peer-message id="(msg-[a-z0-9]+)" type="query"/, (_turn, match) => ({
  tool: `${TOOL}reply`,
  input: { id: match[1], text: 'This changed.' },
}));

/** One short command after the other, for as long as the session lives. */
const work: ModelRule = (turn) =>
  turn.kind === 'main' ? { tool: 'Bash', input: { command: 'sleep 0.05', description: 'work' } } : undefined;

async function start({
  binary,
  home,
  model,
  name,
}: {
  binary: ClaudeBinary;
  home: CleanHome;
  model: ModelSession;
  name: string;
}): Promise<InteractiveClaude> {
  const args = ['--allowedTools', 'Bash(sleep:*)', '--name', name];
  const claude = await startInteractiveClaude({
    binary,
    home,
    model,
    cwd: home.project(name),
    pluginDirs: [PLUGIN],
    debug: false,
    args,
  });
  await claude.waitUntilReady();
  return claude;
}

function seatsWithRecord(home: CleanHome): number {
  const seats = join(rootOf(home), 'seats');
  if (!existsSync(seats)) return 0;
  return readdirSync(seats).filter((id) => {
    const record = join(seats, id, 'seat.json');
    return existsSync(record) && readFileSync(record, 'utf8').includes('deliveryPath');
  }).length;
}
