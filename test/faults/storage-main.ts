// One round on a small disk: started in a mount namespace in which the folder of the first argument is that disk.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { errnoOf } from '../../src/lib/errno.ts';
import type { Audit } from './audit.ts';
import type { Ledger } from './ledger.ts';
import { RoundBench } from './round.ts';
import { mailRound } from './rounds/mail-kills.ts';

/** What the round tells to whoever started it. */
export interface StorageReport {
  readonly audit: Audit;
  readonly kills: Ledger['kills'];
  readonly refusals: number;
}

const [disk = '', seed = '0'] = process.argv.slice(2);

const bench = new RoundBench(Number(seed), disk);
bench.ledger.hadStorageFaults = true;
try {
  const audit = await mailRound(bench, faults);
  const report: StorageReport = { audit, kills: bench.ledger.kills, refusals: bench.ledger.refusals };
  process.stdout.write(JSON.stringify(report));
} finally {
  await bench.lifetime.end();
}

async function faults(_root: string, isOver: () => boolean): Promise<void> {
  const { random } = bench;
  while (!isOver()) {
    await sleep(random.between(5, 50));
    await (random.chance(0.6) ? full() : readOnly());
  }
}

async function full(): Promise<void> {
  const folder = mkdtempSync(join(disk, 'filler-'));
  for (const size of [65_536, 4_096]) {
    for (let count = 0; fits(join(folder, `${size}-${count}`), size); count += 1);
  }
  await sleep(bench.random.between(5, 60));
  rmSync(folder, { recursive: true });
}

function fits(path: string, bytes: number): boolean {
  try {
    writeFileSync(path, 'x'.repeat(bytes));
    return true;
  } catch (error) {
    if (errnoOf(error) !== 'ENOSPC') throw error;
    return false;
  }
}

async function readOnly(): Promise<void> {
  try {
    execFileSync('mount', ['-o', 'remount,ro', disk], { stdio: 'ignore' });
  } catch {
    // Somebody has a file open for writing just now.
    return;
  }
  await sleep(bench.random.between(5, 60));
  execFileSync('mount', ['-o', 'remount,rw', disk], { stdio: 'ignore' });
}
