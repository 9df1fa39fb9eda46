import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { placeExclusive } from '../../src/lib/atomic-write.ts';
import { systemClock } from '../../src/lib/clock.ts';
import { post } from '../../src/mailbox/post.ts';
import { facadeOf, type SeatFolder } from '../../src/mailbox/seat-folder.ts';
import type { BenchCase } from '../bench-case.ts';
import { figuresOf, type Row } from '../figures.ts';
import { type Scratch, scratch } from '../scratch.ts';

const ROUNDS = 400;
const BETWEEN_MS = 10;
const BODY = 'x'.repeat(2_000);

/** From the call of send to the message taken by another process that waits for it. */
export const sendLatency: BenchCase = {
  name: 'send-latency',
  summary: 'send → taken by a waiting process, 2 KB; beside it a bare flushed file with rename and watch',
  async run(effort) {
    const place = scratch();
    try {
      const rounds = Math.max(20, Math.round(ROUNDS * effort));
      const sender = place.seat('sender', 'sender');
      const mailbox = await series(place, 'mailbx', rounds, (to, content) => {
        post({ root: place.root, clock: systemClock }, sender, {
          to: to.id,
          type: 'note',
          content,
          metadata: {},
        });
      });
      const bare = await series(place, 'barebx', rounds, (to, content) => {
        placeExclusive(join(to.inbox, `${Date.now()}-${Math.random()}.json`), JSON.stringify({ content }), {
          flush: true,
        });
      });
      return [
        row('send → taken (mailbox)', mailbox, 3),
        row('for comparison: flushed file, rename, watch, no mailbox', bare),
      ];
    } finally {
      place.dispose();
    }
  },
};

function row(name: string, values: readonly number[], goal?: number): Row {
  return { name, unit: 'ms', figures: figuresOf(values), ...(goal === undefined ? {} : { goal }) };
}

async function series(
  place: Scratch,
  id: string,
  rounds: number,
  send: (to: SeatFolder, content: string) => void,
): Promise<number[]> {
  const to = place.seat(id, id);
  mkdirSync(facadeOf(place.root, to.id).inbox, { recursive: true });
  const receiver = fork(join(import.meta.dirname, '../programs/receiver.ts'), [
    place.root,
    id,
    id === 'barebx' ? 'bare' : 'mailbox',
  ]);
  try {
    await once(receiver, 'message');
    const values: number[] = [];
    for (let round = 0; round < rounds; round += 1) {
      const content = `${round} ${BODY}`;
      const taken = takenMessage(receiver, content);
      const startNs = process.hrtime.bigint();
      send(to, content);
      values.push(Number((await taken) - startNs) / 1e6);
      await sleep(BETWEEN_MS);
    }
    return values;
  } finally {
    receiver.kill();
    await once(receiver, 'exit');
  }
}

async function takenMessage(receiver: ChildProcess, content: string): Promise<bigint> {
  for (;;) {
    const [report] = (await once(receiver, 'message', { signal: AbortSignal.timeout(10_000) })) as [
      { content: string; atNs: string },
    ];
    if (report.content === content) return BigInt(report.atNs);
  }
}
