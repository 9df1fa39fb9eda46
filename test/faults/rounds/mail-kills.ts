import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { openRoot } from '../../../src/mailbox/seat-folder.ts';
import type { Audit } from '../audit.ts';
import { cliListener } from '../cli-listener.ts';
import { type Player, type RoundBench, shellSeat } from '../round.ts';

/**
 * Senders and readers are killed at random steps of writing, claiming and settling, by kill -9 from within between two
 * file operations or from outside at any moment, and others go on where they ended.
 */
export async function mailKills(bench: RoundBench): Promise<Audit> {
  return await mailRound(bench, async () => undefined);
}

/** A round of {@link mailKills} with something else that happens meanwhile, until `isOver`. */
export async function mailRound(
  bench: RoundBench,
  meanwhile: (root: string, isOver: () => boolean) => Promise<void>,
): Promise<Audit> {
  const { random } = bench;
  const root = join(bench.folder, 'bridge');
  openRoot(root);
  const seats = ['aaaaaa', 'cccccc', 'bbbbbb'].map((id) => shellSeat(root, id, bench));
  const lives = random.between(1, 2);
  for (let life = 0; life < lives; life += 1) {
    const stop = join(bench.scratch, `stop-${life}`);
    const senders = ['aaaaaa', 'cccccc'].slice(0, random.between(1, 2)).map((id) => {
      const count = random.between(2, 8);
      const args = [root, id, 'bbbbbb', String(random.seed()), String(count), '8'];
      return bench.play('sender', 'fault-sender.ts', { args, at: bench.mortality(0.6) });
    });
    const readers = Array.from({ length: random.between(1, 2) }, () => {
      if (random.chance(0.2)) return cliListener(bench, { root, seat: 'bbbbbb', at: bench.mortality(0.7) });
      const args = [root, 'bbbbbb', String(random.seed()), stop];
      return bench.play('receiver', 'fault-reader.ts', { args, at: bench.mortality(0.7) });
    });
    let isOver = false;
    const others = Promise.all([
      killFromOutside(bench, [...senders, ...readers]),
      meanwhile(root, () => isOver),
    ]);
    await Promise.all(senders.map((player) => bench.end(player)));
    writeFileSync(stop, '');
    await Promise.all(readers.map((player) => bench.end(player)));
    isOver = true;
    await others;
    bench.auditStill(root);
  }
  return bench.finish(root, seats);
}

/** As the person or the system does it: at any moment, a third of the time. */
async function killFromOutside({ random }: RoundBench, players: readonly Player[]): Promise<void> {
  const victim = random.pick(players);
  const delayMs = random.between(30, 150);
  if (!random.chance(0.35)) return;
  await Promise.race([sleep(delayMs), victim.program.ended]);
  victim.program.kill('SIGKILL');
}
