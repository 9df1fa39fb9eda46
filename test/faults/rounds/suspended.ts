import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { pruneSeats } from '../../../src/directory/retention.ts';
import { unlessGone } from '../../../src/lib/errno.ts';
import { facadeOf, openRoot } from '../../../src/mailbox/seat-folder.ts';
import type { SeatId } from '../../../src/protocol/ids.ts';
import { DAY_MS, HOUR_MS } from '../../fixtures/temp-root.ts';
import type { Audit } from '../audit.ts';
import { type Player, type RoundBench, shellSeat } from '../round.ts';
import { attendantRound } from './attendant-kills.ts';
import { exact } from './crowds.ts';

/**
 * A reader, a sender or an attendant is suspended in the middle of its work for what looks like more than half an hour,
 * after which session-bridge v1 takes a session to be dead and removes its folder; others work on meanwhile. Whoever was
 * suspended goes on where it was: nothing was taken from it, and nothing comes twice.
 */
export async function suspended(bench: RoundBench): Promise<Audit> {
  if (bench.random.chance(0.3)) return await suspendedAttendant(bench);
  const root = join(bench.folder, 'bridge');
  openRoot(root);
  const seats = ['aaaaaa', 'bbbbbb'].map((id) => shellSeat(root, id, bench));
  const { random } = bench;
  const stop = join(bench.scratch, 'stop');
  const at = (role: string): number | undefined => (role === victim ? random.between(1, 60) : undefined);
  const victim = random.pick(['sender', 'receiver']);
  const send = (stopAt: number | undefined): Player => {
    const args = [root, 'aaaaaa', 'bbbbbb', String(random.seed()), '5', '5'];
    return bench.play('sender', 'fault-sender.ts', { args, at: stopAt, signal: 'SIGSTOP' });
  };
  const read = (stopAt: number | undefined): Player => {
    const args = [root, 'bbbbbb', String(random.seed()), stop, 'settle'];
    return bench.play('receiver', 'fault-reader.ts', { args, at: stopAt, signal: 'SIGSTOP' });
  };
  const first = [send(at('sender')), read(at('receiver'))];
  const [sender, reader] = first;
  if (victim === 'receiver') await sender?.program.ended;
  const slept = victim === 'sender' ? sender : reader;
  await untilStopped(slept);
  pass(bench, root);
  const second = [send(undefined), read(undefined)];
  await second[0]?.program.ended;
  await sleep(random.below(50));
  pass(bench, root);
  // Again and again: on a busy machine it may reach the point where it stops only now.
  const waking = setInterval(() => slept?.program.kill('SIGCONT'), WAKE_MS);
  bench.lifetime.after(() => clearInterval(waking));
  await sender?.program.ended;
  writeFileSync(stop, '');
  for (const player of [...first, ...second]) await bench.end(player);
  return exact(bench.finish(root, seats));
}

const WAKE_MS = 20;

async function suspendedAttendant(bench: RoundBench): Promise<Audit> {
  const { random } = bench;
  return await attendantRound(bench, async (session) => {
    if (!random.chance(0.3)) return;
    await session.suspend(async () => {
      pass(bench, session.host.root);
      await sleep(random.below(60));
    });
  });
}

/** More than half an hour goes by; v1 cleans up, and so do we. */
function pass(bench: RoundBench, root: string): void {
  const { random, clock } = bench;
  bench.moveClock(random.between(31, 200) * (HOUR_MS / 60));
  for (const id of ['aaaaaa', 'bbbbbb'] as SeatId[])
    rmSync(facadeOf(root, id).path, { recursive: true, force: true });
  pruneSeats({ root, clock, keepMs: 30 * DAY_MS, keepSeatsMs: 90 * DAY_MS, expiresAfterMs: 7 * DAY_MS });
}

/** It may also come to its end, or to a point where nothing is left to do, before the operation at which it would stop. */
async function untilStopped(player: Player | undefined): Promise<void> {
  const deadline = performance.now() + 600;
  if (player === undefined) return;
  while (!isStopped(player) && performance.now() < deadline) await sleep(5);
}

function isStopped({ program }: Player): boolean {
  return unlessGone(() => readFileSync(`/proc/${program.pid}/stat`, 'latin1'), '').includes(') T ');
}
