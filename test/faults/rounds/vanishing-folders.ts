import { existsSync, mkdirSync, readdirSync, renameSync, rmdirSync, rmSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { errnoOf } from '../../../src/lib/errno.ts';
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
  // A rename that had found the folder before it moved may still put a file there.
  do moveEntries(meanwhile, target);
  while (!tryRemove(meanwhile));
}

function moveEntries(folder: string, target: string): void {
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const [from, to] = [join(folder, entry.name), join(target, entry.name)];
    if (entry.isDirectory()) {
      mkdirSync(to, { recursive: true });
      do moveEntries(from, to);
      while (!tryRemove(from));
    } else if (existsSync(to)) rmSync(from);
    else renameSync(from, to);
  }
}

/** False while something is in the folder. */
function tryRemove(folder: string): boolean {
  try {
    rmdirSync(folder);
    return true;
  } catch (error) {
    if (errnoOf(error) !== 'ENOTEMPTY') throw error;
    return false;
  }
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
