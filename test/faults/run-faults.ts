import { performance } from 'node:perf_hooks';
import type { Audit, Sum } from './audit.ts';
import { VICTIMS, type Victim } from './ledger.ts';
import { type Round, RoundBench } from './round.ts';
import { attendantKills } from './rounds/attendant-kills.ts';
import { clockJumps } from './rounds/clock-jumps.ts';
import { crowd, race } from './rounds/crowds.ts';
import { failingStorage, whyNoMounts } from './rounds/failing-storage.ts';
import { formats } from './rounds/formats.ts';
import { mailKills } from './rounds/mail-kills.ts';
import { suspended } from './rounds/suspended.ts';
import { vanishingFolders } from './rounds/vanishing-folders.ts';

/** The kinds of rounds that a seed repeats. */
export const KINDS = {
  'mail-kills': mailKills,
  'attendant-kills': attendantKills,
  'clock-jumps': clockJumps,
  suspended,
  'vanishing-folders': vanishingFolders,
  'failing-storage': failingStorage,
  formats,
} as const satisfies Readonly<Record<string, Round>>;
export type Kind = keyof typeof KINDS;

/** Three of five rounds kill whoever writes and reads, two the attendant of a session. */
const KILLS: readonly Kind[] = [
  'mail-kills',
  'mail-kills',
  'attendant-kills',
  'mail-kills',
  'attendant-kills',
];
const OTHERS: readonly Kind[] = [
  'clock-jumps',
  'suspended',
  'vanishing-folders',
  'failing-storage',
  'formats',
];
/** For so many rounds of kills there is one of the other faults. */
const KILLS_PER_OTHER = 5;

export interface FaultPlan {
  readonly seed: number;
  /** Rounds of kills; a fifth as many of the other faults come on top. With `kind`, all rounds are of that kind. */
  readonly rounds: number;
  readonly kind?: Kind | undefined;
  /** Messages that eight processes race for; none for no race. */
  readonly race?: number;
  readonly crowd?: { readonly seats: number; readonly messages: number };
  /** Called after each round. */
  readonly onRound?: (result: RoundResult) => void;
}

export interface RoundResult {
  readonly kind: string;
  readonly seed: number;
  readonly ms: number;
  readonly kills: Readonly<Record<Victim, number>>;
  readonly refusals: number;
  readonly findings: readonly string[];
  readonly sum: Sum | undefined;
}

interface Planned {
  readonly kind: string;
  readonly seed: number;
  readonly play: Round;
  readonly withinMs: number;
}

const AT_ONCE = 3;
const ROUND_MS = 60_000;
/** For each message of the crowds, on a slow disk of a busy machine. */
const CROWD_MESSAGE_MS = 10;

/**
 * Plays rounds of faults, several at once, and returns what became of each. A round with findings lost, doubled or
 * misreported a message; one that failed altogether says so in its findings.
 */
export async function runFaults(plan: FaultPlan): Promise<RoundResult[]> {
  const planned = plannedRounds(plan);
  const results: RoundResult[] = [];
  const worker = async (): Promise<void> => {
    for (let next = planned.shift(); next !== undefined; next = planned.shift()) {
      const result = await playRound(next);
      results.push(result);
      plan.onRound?.(result);
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, worker));
  for (const alone of plannedCrowds(plan)) {
    const result = await playRound(alone);
    results.push(result);
    plan.onRound?.(result);
  }
  return results;
}

/** The command that plays the round once more. */
export function repeatCommand({ kind, seed }: Pick<RoundResult, 'kind' | 'seed'>): string {
  const size = kind === 'race' || kind === 'crowd' ? '--rounds 0' : `--kind ${kind} --rounds 1`;
  return `npm run test:faults -- ${size} --seed ${seed}`;
}

/** Why a kind cannot be played on this machine; undefined when it can. */
export function whyNot(kind: Kind): string | undefined {
  return kind === 'failing-storage' ? whyNoMounts() : undefined;
}

function plannedRounds({ seed, rounds, kind }: FaultPlan): Planned[] {
  const kinds: Kind[] = [];
  for (let index = 0; index < rounds; index += 1) {
    kinds.push(kind ?? at(KILLS, index));
    if (kind === undefined && index % KILLS_PER_OTHER === 0) kinds.push(at(OTHERS, index / KILLS_PER_OTHER));
  }
  return kinds
    .map((name, index) => ({ kind: name, seed: seed + index, play: KINDS[name], withinMs: ROUND_MS }))
    .filter(({ kind: name }) => whyNot(name) === undefined);
}

function plannedCrowds({ seed, race: messages, crowd: size }: FaultPlan): Planned[] {
  const planned: Planned[] = [];
  const add = (kind: string, count: number, play: Round): number =>
    planned.push({ kind, seed, play, withinMs: ROUND_MS + count * CROWD_MESSAGE_MS });
  if (messages !== undefined) add('race', messages, (bench) => race(bench, messages));
  if (size !== undefined) add('crowd', size.messages, (bench) => crowd(bench, size));
  return planned;
}

async function playRound({ kind, seed, play, withinMs }: Planned): Promise<RoundResult> {
  const startedMs = performance.now();
  const bench = new RoundBench(seed);
  let audit: Partial<Audit>;
  try {
    audit = await inTime(bench, { play, withinMs });
  } catch (error) {
    audit = {
      findings: [
        ...bench.findings,
        `the round failed: ${error instanceof Error ? error.stack : String(error)}`,
      ],
    };
  }
  await bench.lifetime.end();
  const { kills, refusals } = bench.ledger;
  const { findings = [], sum } = audit;
  return { kind, seed, ms: performance.now() - startedMs, kills, refusals, findings, sum };
}

/** Every wait of a round ends: one that does not is as wrong as a lost message. */
async function inTime(
  bench: RoundBench,
  { play, withinMs }: Pick<Planned, 'play' | 'withinMs'>,
): Promise<Audit> {
  const { promise, reject } = Promise.withResolvers<never>();
  const timer = setTimeout(() => {
    reject(new Error(`it did not end within ${withinMs / 1000} s, and was at: ${bench.stage}`));
  }, withinMs);
  try {
    return await Promise.race([play(bench), promise]);
  } finally {
    clearTimeout(timer);
  }
}

function at(kinds: readonly Kind[], index: number): Kind {
  return kinds[index % kinds.length] ?? 'mail-kills';
}

/** All kills of a round. */
export function killsOf({ kills }: Pick<RoundResult, 'kills'>): number {
  return VICTIMS.reduce((total, victim) => total + kills[victim], 0);
}
