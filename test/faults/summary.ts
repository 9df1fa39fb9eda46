import type { Sum } from './audit.ts';
import { killsOf, type RoundResult } from './run-faults.ts';

/** What the rounds of one kind amount to. */
export interface Summary {
  readonly kind: string;
  readonly rounds: number;
  /** Everything that was sent, whether or not its sender lived to tell. */
  readonly messages: number;
  readonly kills: number;
  readonly refusals: number;
  readonly read: number;
  readonly rejected: number;
  readonly undeliverable: number;
  readonly handedOut: number;
  readonly repeats: number;
  /** Read or rejected, and the sender knows less, since whoever had the message was killed before telling. */
  readonly understated: number;
  readonly findings: number;
  readonly seconds: number;
}

const COLUMNS = [
  'kind',
  'rounds',
  'messages',
  'kills',
  'refusals',
  'read',
  'rejected',
  'undeliverable',
  'handedOut',
  'repeats',
  'understated',
  'findings',
  'seconds',
] as const satisfies readonly (keyof Summary)[];

/** One line for each kind, and one for all. */
export function summarise(results: readonly RoundResult[]): Summary[] {
  const kinds = [...Map.groupBy(results, ({ kind }) => kind)].map(([kind, ofKind]) =>
    summaryOf(kind, ofKind),
  );
  return [...kinds, summaryOf('all', results)];
}

/** A table for people. `seconds` are those of the rounds, several of which run at once. */
export function tableOf(summaries: readonly Summary[]): string {
  const rows = [
    COLUMNS.map(String),
    ...summaries.map((summary) => COLUMNS.map((key) => String(summary[key]))),
  ];
  const widths = COLUMNS.map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  return rows
    .map((row) =>
      row
        .map((cell, column) =>
          column === 0 ? cell.padEnd(widths[column] ?? 0) : cell.padStart(widths[column] ?? 0),
        )
        .join('  '),
    )
    .join('\n');
}

function summaryOf(kind: string, results: readonly RoundResult[]): Summary {
  const total = (pick: (result: RoundResult) => number): number =>
    results.reduce((sum, result) => sum + pick(result), 0);
  const ofSum = (pick: (sum: Sum) => number): number =>
    total(({ sum }) => (sum === undefined ? 0 : pick(sum)));
  return {
    kind,
    rounds: results.length,
    messages: ofSum(({ sent, unannounced, notices, foreign }) => sent + unannounced + notices + foreign),
    kills: total(killsOf),
    refusals: total(({ refusals }) => refusals),
    read: ofSum(({ read }) => read),
    rejected: ofSum(({ rejected }) => rejected),
    undeliverable: ofSum(({ undeliverable }) => undeliverable),
    handedOut: ofSum(({ handedOut }) => handedOut),
    repeats: ofSum(({ repeats }) => repeats),
    understated: ofSum(({ understated }) => understated),
    findings: total(({ findings }) => findings.length),
    seconds: Math.round(total(({ ms }) => ms) / 1000),
  };
}
