import { existsSync } from 'node:fs';
import { setTimeout } from 'node:timers/promises';
import { claudeBinary } from '../../src/testing/index.ts';
import { Random } from '../faults/random.ts';
import { Scope } from '../fixtures/lifetime.ts';
import { ManagedBench, PATIENCE_MS } from '../fixtures/managed-bench.ts';
import { type Given, playSession } from './play-session.ts';
import { auditSession, type KeptSession } from './soak-audit.ts';
import { type Deeds, SoakBench } from './soak-bench.ts';

export interface SoakPlan {
  readonly seed: number;
  readonly sessions: number;
  /** Prompts in all. */
  readonly turns: number;
  readonly daemonKills: number;
}

export interface SoakResult extends SoakPlan {
  readonly claude: string;
  readonly deeds: Readonly<Deeds>;
  /** How many prompts ended how. */
  readonly outcomes: Readonly<Record<string, number>>;
  /** Prompts that completed, and of which the resumed conversation knows nothing: the host was killed before it wrote. */
  readonly forgotten: number;
  readonly findings: readonly string[];
  readonly seconds: number;
}

/**
 * Lets real sessions work while they, their processes and their daemon are disturbed by chance. A finding is a prompt or
 * a session that is not accounted for, or something that was left behind.
 */
export async function runSoak(plan: SoakPlan): Promise<SoakResult> {
  const { seed, sessions, turns, daemonKills } = plan;
  const startedMs = performance.now();
  const { version, path: program } = claudeBinary();
  const scope = new Scope();
  const findings: string[] = [];
  const random = new Random(seed);
  const bench = await ManagedBench.start(scope, { program });
  const soak = new SoakBench(bench);
  let kept: KeptSession[] = [];
  let forgotten = 0;
  try {
    const names = Array.from({ length: sessions }, (_, index) => `soak-${index}`);
    const records = [];
    for (const name of names) records.push(await bench.spawn(name));
    const numbers = records.map(() => new Random(random.seed()));
    const killing = killDaemons(soak, { random: new Random(random.seed()), kills: daemonKills, turns });
    const given = await Promise.all(
      records.map((record, index) => {
        const share = Math.floor(turns / sessions) + (index < turns % sessions ? 1 : 0);
        return playSession(soak, record, { turns: share, random: numbers[index] ?? random });
      }),
    );
    killing.stop();
    await killing.over;
    for (const [index, name] of names.entries()) {
      forgotten += await forgottenBy(soak, name, given[index] ?? []);
      await soak.surely(() => bench.steer(name, 'stop'));
    }
    kept = await Promise.all(
      names.map(async (name, index) => ({
        name,
        given: given[index] ?? [],
        prompts: await bench.prompts(name),
        journal: await bench.journal(name),
      })),
    );
    findings.push(...kept.flatMap(auditSession));
  } catch (error) {
    findings.push(`it failed: ${error instanceof Error ? error.stack : String(error)}`);
  }
  try {
    await scope.end();
    if (existsSync(bench.access.place.socket)) findings.push('the socket is left');
  } catch (error) {
    findings.push(
      `left behind: ${error instanceof Error ? `${error.message} ${String(error.cause)}` : String(error)}`,
    );
  }
  const all = kept.flatMap(({ prompts }) => prompts);
  const outcomes = Object.fromEntries(
    [...Map.groupBy(all, ({ ended }) => ended?.outcome ?? 'none')].map(([name, of]) => [name, of.length]),
  );
  const seconds = Math.round((performance.now() - startedMs) / 1_000);
  return { ...plan, claude: version, deeds: soak.deeds, outcomes, forgotten, findings, seconds };
}

/** Kills the daemon whenever so many prompts more have been given, until it is stopped. */
function killDaemons(
  soak: SoakBench,
  { random, kills, turns }: { random: Random; kills: number; turns: number },
): { stop: () => void; over: Promise<void> } {
  const at = Array.from({ length: kills }, () =>
    random.between(1, Math.max(1, Math.floor(turns * 0.8))),
  ).sort((one, other) => one - other);
  const end = new AbortController();
  const run = async (): Promise<void> => {
    for (const count of at) {
      while (!end.signal.aborted && soak.deeds.prompts < count) await setTimeout(20);
      if (end.signal.aborted) return;
      await setTimeout(random.below(500));
      await soak.killDaemon();
    }
  };
  return { stop: () => end.abort(), over: run() };
}

/** How many prompts that completed the conversation of a session does not know any more. */
async function forgottenBy(soak: SoakBench, name: string, given: readonly Given[]): Promise<number> {
  const prompt = await soak.give(name, 'RECALL');
  if (prompt === undefined) throw new Error('the daemon has ended without being killed');
  const { turn } = await soak.bench.endOf(prompt, PATIENCE_MS);
  const known = new Set(turn?.text.split('\n'));
  const completed = given.filter(({ seen }) => seen.ended?.outcome === 'completed');
  return completed.filter(({ text }) => !known.has(text)).length;
}
