import { existsSync, mkdirSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Audit } from '../audit.ts';
import type { RoundBench } from '../round.ts';
import { mailRound } from './mail-kills.ts';

const TARGETS = [
  '.',
  'seats',
  'sessions',
  'log',
  'seats/bbbbbb',
  'seats/bbbbbb/inbox',
  'seats/bbbbbb/claimed',
  'seats/bbbbbb/read',
  'seats/aaaaaa',
  'seats/aaaaaa/outbox',
  'seats/aaaaaa/receipts',
];

/**
 * The root, a seat or one of its folders vanishes for a moment and comes back, as a share that is not mounted for a
 * while does, while senders and readers work and are killed. Who cannot do its work meanwhile is told so.
 */
export async function vanishingFolders(bench: RoundBench): Promise<Audit> {
  const { random, ledger } = bench;
  ledger.hadStorageFaults = true;
  return await mailRound(bench, async (root, isOver) => {
    while (!isOver()) {
      const target = join(root, random.pick(TARGETS));
      const aside = join(bench.folder, 'aside');
      if (existsSync(target)) {
        renameSync(target, aside);
        await sleep(random.between(1, 40));
        comeBack(aside, target);
      }
      await sleep(random.between(10, 40));
    }
  });
}

/** What was made anew meanwhile is put with what was there, nothing over anything. */
function comeBack(aside: string, target: string): void {
  if (!existsSync(target)) {
    mkdirSync(dirname(target), { recursive: true });
    if (tryRename(aside, target)) return;
  }
  const meanwhile = `${aside}-${basename(target)}-meanwhile`;
  renameSync(target, meanwhile);
  renameSync(aside, target);
  for (const entry of readdirSync(meanwhile, { recursive: true, withFileTypes: true })) {
    const from = join(entry.parentPath, entry.name);
    const to = join(target, from.slice(meanwhile.length + 1));
    if (entry.isDirectory()) mkdirSync(to, { recursive: true });
    else if (!existsSync(to)) renameSync(from, to);
  }
  rmSync(meanwhile, { recursive: true });
}

function tryRename(from: string, to: string): boolean {
  try {
    renameSync(from, to);
    return true;
  } catch {
    // Somebody has just made it anew.
    return false;
  }
}
