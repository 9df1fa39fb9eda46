import { setTimeout as sleep } from 'node:timers/promises';
import { DAY_MS, HOUR_MS } from '../../fixtures/temp-root.ts';
import type { Audit } from '../audit.ts';
import type { RoundBench } from '../round.ts';
import { attendantRound } from './attendant-kills.ts';
import { mailRound } from './mail-kills.ts';

const JUMPS_MS = [HOUR_MS / 2, HOUR_MS, 5 * HOUR_MS, 26 * HOUR_MS, 8 * DAY_MS];
/** Beyond this, what is past is rightly forgotten. */
const FURTHEST_MS = 20 * DAY_MS;

/**
 * The machine's clock jumps by half an hour to eight days, forwards and backwards, while senders, readers and attendants
 * work and are killed. What expires is rejected, and its sender told.
 */
export async function clockJumps(bench: RoundBench): Promise<Audit> {
  const { random } = bench;
  if (random.chance(0.3)) return await attendantRound(bench, async () => jump(bench, 0.4));
  return await mailRound(bench, async (_root, isOver) => {
    while (!isOver()) {
      jump(bench, 1);
      await sleep(random.between(10, 60));
    }
  });
}

function jump(bench: RoundBench, share: number): void {
  const { random, clock } = bench;
  if (!random.chance(share)) return;
  const byMs = random.pick(JUMPS_MS) * (random.chance(0.5) ? 1 : -1);
  if (Math.abs(clock.offsetMs + byMs) <= FURTHEST_MS) bench.moveClock(byMs);
}
