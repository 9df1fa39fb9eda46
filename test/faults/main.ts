// npm run test:faults: plays rounds of faults and says what became of every message.
import { mkdirSync, writeFileSync } from 'node:fs';
import { cpus, release, totalmem } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { KINDS, type Kind, type RoundResult, repeatCommand, runFaults, whyNot } from './run-faults.ts';
import { summarise, tableOf } from './summary.ts';

const USAGE = `Usage: npm run test:faults -- [--rounds 100] [--seed N] [--kind ${Object.keys(KINDS).join('|')}] [--race 10000] [--crowd 1000x100000] [--save]`;

const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '100' },
    seed: { type: 'string', default: String(Date.now() % 1_000_000_000) },
    kind: { type: 'string' },
    race: { type: 'string', default: '10000' },
    crowd: { type: 'string', default: '1000x100000' },
    save: { type: 'boolean', default: false },
  },
});

const [rounds, seed, race] = [values.rounds, values.seed, values.race].map(Number) as [
  number,
  number,
  number,
];
const [seats, messages] = values.crowd.split('x').map(Number);
const kind = values.kind as Kind | undefined;
const numbers = [rounds, seed, race, seats, messages];
if (numbers.some((value) => !Number.isSafeInteger(value)) || (kind !== undefined && !(kind in KINDS))) {
  say(USAGE);
  process.exit(2);
}

say(`seed ${seed}`);
for (const name of Object.keys(KINDS) as Kind[]) {
  const reason = whyNot(name);
  if (reason !== undefined) say(`left out: ${name}: ${reason}`);
}
const startedAt = performance.now();
let played = 0;
const results = await runFaults({
  seed,
  rounds,
  kind,
  ...(kind === undefined && race > 0 ? { race } : {}),
  ...(kind === undefined && seats && messages ? { crowd: { seats, messages } } : {}),
  onRound,
});
const seconds = Math.round((performance.now() - startedAt) / 1000);
const summaries = summarise(results);
const table = tableOf(summaries);
say(`\n${table}\n\n${results.length} rounds in ${seconds} s, seed ${seed}`);
if (values.save) save();
process.exitCode = results.every(({ findings }) => findings.length === 0) ? 0 : 1;

function onRound(result: RoundResult): void {
  played += 1;
  if (played % 50 === 0)
    say(`${played} rounds after ${Math.round((performance.now() - startedAt) / 1000)} s`);
  if (result.findings.length === 0) return;
  say(`\nFAILED ${result.kind}, seed ${result.seed}; again with: ${repeatCommand(result)}`);
  for (const finding of result.findings) say(`  ${finding}`);
}

function save(): void {
  const machine = {
    cores: cpus().length,
    memoryGb: Math.round(totalmem() / 2 ** 30),
    kernel: release(),
    node: process.versions.node,
  };
  const result = { case: 'faults', at: new Date().toISOString(), seed, seconds, machine, summaries, table };
  const folder = join(import.meta.dirname, '../../bench/results');
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, 'faults.json'), `${JSON.stringify(result, null, 2)}\n`);
}

function say(text: string): void {
  process.stdout.write(`${text}\n`);
}
