// npm run test:soak: real sessions that are disturbed by chance, and what became of every prompt.
import { mkdirSync, writeFileSync } from 'node:fs';
import { cpus, release, totalmem } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { runSoak } from './run-soak.ts';

const USAGE =
  'Usage: npm run test:soak -- [--sessions 20] [--turns 200] [--daemon-kills 3] [--seed N] [--save]';

const { values } = parseArgs({
  options: {
    sessions: { type: 'string', default: '20' },
    turns: { type: 'string', default: '200' },
    'daemon-kills': { type: 'string', default: '3' },
    seed: { type: 'string', default: String(Date.now() % 1_000_000_000) },
    save: { type: 'boolean', default: false },
  },
});
const [sessions, turns, daemonKills, seed] = [
  values.sessions,
  values.turns,
  values['daemon-kills'],
  values.seed,
].map(Number) as [number, number, number, number];
if (![sessions, turns, daemonKills, seed].every(Number.isSafeInteger)) {
  say(USAGE);
  process.exit(2);
}

say(`seed ${seed}`);
const result = await runSoak({ sessions, turns, daemonKills, seed });
const { findings, ...rest } = result;
say(JSON.stringify(rest, undefined, 2));
for (const finding of findings) say(`FOUND ${finding}`);
say(`${findings.length} findings in ${result.seconds} s, seed ${seed}`);
if (values.save) save();
process.exitCode = findings.length === 0 ? 0 : 1;

function save(): void {
  const machine = {
    cores: cpus().length,
    memoryGb: Math.round(totalmem() / 2 ** 30),
    kernel: release(),
    node: process.versions.node,
  };
  const folder = join(import.meta.dirname, '../../bench/results');
  mkdirSync(folder, { recursive: true });
  const text = JSON.stringify(
    { case: 'soak', at: new Date().toISOString(), machine, ...result },
    undefined,
    2,
  );
  writeFileSync(join(folder, 'soak.json'), `${text}\n`);
}

function say(text: string): void {
  process.stdout.write(`${text}\n`);
}
