import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createSeatFolder, openRoot } from '../../../src/mailbox/seat-folder.ts';
import type { SeatId } from '../../../src/protocol/ids.ts';
import type { Audit } from '../audit.ts';
import { type RoundBench, shellSeat } from '../round.ts';

const RACERS = 8;
const HALVES = 2;

/** Eight processes race for the messages of one mailbox. Each message goes to one of them, and none is a repeat. */
export async function race(bench: RoundBench, messages: number): Promise<Audit> {
  const { random } = bench;
  const root = join(bench.folder, 'bridge');
  const stop = join(bench.scratch, 'stop');
  openRoot(root);
  const seats = ['aaaaaa', 'cccccc', 'bbbbbb'].map((id) => shellSeat(root, id, bench));
  const readers = Array.from({ length: RACERS }, () =>
    bench.play('receiver', 'fault-reader.ts', {
      args: [root, 'bbbbbb', String(random.seed()), stop, 'settle'],
    }),
  );
  const senders = ['aaaaaa', 'cccccc'].map((id) => {
    const args = [root, id, 'bbbbbb', String(random.seed()), String(Math.ceil(messages / HALVES)), '0'];
    return bench.play('sender', 'fault-sender.ts', { args });
  });
  await Promise.all(senders.map((player) => bench.end(player)));
  writeFileSync(stop, '');
  await Promise.all(readers.map((player) => bench.end(player)));
  return exact(bench.finish(root, seats));
}

/** Many seats that all write to each other, and many messages: nothing is lost in the mass. */
export async function crowd(bench: RoundBench, size: { seats: number; messages: number }): Promise<Audit> {
  const { random } = bench;
  const root = join(bench.folder, 'bridge');
  const stop = join(bench.scratch, 'stop');
  openRoot(root);
  const seats = Array.from({ length: size.seats }, (_, index) =>
    createSeatFolder(root, index.toString(36).padStart(6, 's') as SeatId),
  );
  const play = (role: 'sender' | 'receiver', share: number, last: string) => {
    const word = role === 'sender' ? 'send' : 'take';
    const args = [root, word, String(random.seed()), String(share), String(HALVES), last];
    return bench.play(role, 'fault-crowd.ts', { args });
  };
  const shares = Array.from({ length: HALVES }, (_, share) => share);
  const readers = shares.map((share) => play('receiver', share, stop));
  const senders = shares.map((share) => play('sender', share, String(Math.ceil(size.messages / HALVES))));
  await Promise.all(senders.map((player) => bench.end(player)));
  writeFileSync(stop, '');
  await Promise.all(readers.map((player) => bench.end(player)));
  return exact(bench.finish(root, seats));
}

/** Nobody was killed: then nothing is repeated, and every sender knows all. */
export function exact(result: Audit): Audit {
  const { repeats, understated } = result.sum;
  if (repeats + understated === 0) return result;
  const wrong = `${repeats} repeats, and ${understated} messages of which the senders know less than is true, without a kill`;
  return { ...result, findings: [...result.findings, wrong] };
}
