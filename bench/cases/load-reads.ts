import { setTimeout as sleep } from 'node:timers/promises';
import { listPeers } from '../../src/directory/peers.ts';
import { systemClock } from '../../src/lib/clock.ts';
import { thisProcess } from '../../src/lib/process-identity.ts';
import { findReceived } from '../../src/mailbox/find-message.ts';
import { Inbox } from '../../src/mailbox/inbox.ts';
import { readJournalTail } from '../../src/mailbox/journal-tail.ts';
import { isPast } from '../../src/mailbox/past.ts';
import { seatFolder } from '../../src/mailbox/seat-folder.ts';
import { isMessageId, isSeatId } from '../../src/protocol/ids.ts';
import type { BenchCase } from '../bench-case.ts';
import { figuresOf, type Row } from '../figures.ts';
import { type Part, runLoad } from '../load/run-load.ts';
import type { Scratch } from '../scratch.ts';
import { scratch } from '../scratch.ts';

const SENDERS = 4;
const SECONDS = 10;
const BETWEEN_MS = 5;

type Times = Record<'inbox' | 'peers' | 'journal' | 'message', number[]>;

/** What it costs to look while others write as fast as they can. */
export const loadReads: BenchCase = {
  name: 'load-reads',
  summary: 'an inbox, the peers, the journal, one message: read during a storm of writes, and without one',
  async run(effort) {
    const forMs = Math.max(1, SECONDS * effort) * 1000;
    const sender: Part = {
      transport: 'mailbox',
      to: [0],
      messages: 1_000_000,
      forMs,
      balanced: false,
      mixed: false,
      capacity: 200_000,
    };
    const receiver: Part = { ...sender, to: [], messages: 0 };
    const storm = noTimes();
    const parts = [receiver, ...Array.from({ length: SENDERS }, () => sender)];
    const { messages, wholeMs } = await runLoad(parts, (place, over) => read(place, storm, over));
    const quiet = noTimes();
    const place = scratch();
    try {
      for (let index = 0; index <= SENDERS; index += 1) place.seat(`ag000${index}`, `agent-${index}`);
      await read(place, quiet, AbortSignal.timeout(2_000));
    } finally {
      place.dispose();
    }
    const rate = (messages / wholeMs) * 1000;
    return [
      row('look at the inbox that fills', storm.inbox, 250),
      row('look at an inbox, nothing going on', quiet.inbox),
      row('list of peers in the storm', storm.peers, 250),
      row('list of peers, nothing going on', quiet.peers),
      row('last 50 of the journal in the storm', storm.journal, 250),
      row('one received message in the storm', storm.message, 250),
      { name: 'the storm', unit: 'messages/s', figures: figuresOf([rate]) },
    ];
  },
};

function noTimes(): Times {
  return { inbox: [], peers: [], journal: [], message: [] };
}

function row(name: string, values: readonly number[], goal?: number): Row {
  return {
    name,
    unit: 'ms',
    figures: figuresOf(values),
    ...(goal === undefined ? {} : { goal, held: 'p99' as const }),
  };
}

async function read({ root }: Scratch, times: Times, over: AbortSignal): Promise<void> {
  const seat = 'ag0000';
  if (!isSeatId(seat)) throw new Error(`${seat} is no seat id`);
  const folder = seatFolder(root, seat);
  const owner = { process: thisProcess(), generation: 0 };
  while (!over.aborted) {
    times.inbox.push(
      timed(() => new Inbox({ root, folder, owner, clock: systemClock, expiresAfterMs: 1e9 }).pending()),
    );
    times.peers.push(timed(() => listPeers(root, Date.now())));
    let last: string | undefined;
    times.journal.push(
      timed(() => {
        last = readJournalTail(root, 50).at(0)?.message;
      }),
    );
    if (last !== undefined && isMessageId(last) && isPast(folder.read, last)) {
      const id = last;
      times.message.push(timed(() => findReceived(folder, id)));
    }
    await sleep(BETWEEN_MS);
  }
}

function timed(work: () => unknown): number {
  const start = performance.now();
  work();
  return performance.now() - start;
}
