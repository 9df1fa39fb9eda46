import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { systemClock } from '../../src/lib/clock.ts';
import { thisProcess } from '../../src/lib/process-identity.ts';
import { Inbox } from '../../src/mailbox/inbox.ts';
import { pastPathForWriting } from '../../src/mailbox/past.ts';
import { post } from '../../src/mailbox/post.ts';
import type { SeatFolder } from '../../src/mailbox/seat-folder.ts';
import { newMessageId } from '../../src/protocol/ids.ts';
import type { BenchCase } from '../bench-case.ts';
import { figuresOf, type Row } from '../figures.ts';
import { scratch } from '../scratch.ts';

const PAST = 100_000;
const ROUNDS = 2_000;

/** What past messages cost a look at the inbox: nothing. */
export const inboxHistory: BenchCase = {
  name: 'inbox-history',
  summary: 'looking at an empty inbox, and taking one message, with no past messages and with 100,000',
  async run(effort) {
    const place = scratch();
    try {
      const fresh = place.seat('fresh1', 'fresh');
      const old = place.seat('oldold', 'old');
      const past = Math.round(PAST * Math.min(1, effort));
      fillPast(old, past);
      const rounds = Math.max(100, Math.round(ROUNDS * effort));
      const rows: Row[] = [];
      for (const [name, folder] of [
        ['none', fresh],
        [String(past), old],
      ] as const) {
        rows.push({
          name: `empty inbox, past messages: ${name}`,
          unit: 'ms',
          figures: figuresOf(looks(place.root, folder, rounds)),
        });
        rows.push({
          name: `take one message, past messages: ${name}`,
          unit: 'ms',
          figures: figuresOf(takes(place.root, folder, Math.ceil(rounds / 10))),
        });
      }
      return rows;
    } finally {
      place.dispose();
    }
  },
};

function fillPast(folder: SeatFolder, count: number): void {
  mkdirSync(folder.read, { recursive: true });
  for (let index = 0; index < count; index += 1)
    writeFileSync(pastPathForWriting(folder.read, newMessageId()), '{}');
}

function inboxOf(root: string, folder: SeatFolder): Inbox {
  return new Inbox({
    root,
    folder,
    owner: { process: thisProcess(), generation: 0 },
    clock: systemClock,
    expiresAfterMs: 1e9,
  });
}

function looks(root: string, folder: SeatFolder, rounds: number): number[] {
  return Array.from({ length: rounds }, () => {
    // A new reader each time, as a command that looks once: nothing is remembered from the round before.
    const inbox = inboxOf(root, folder);
    const start = performance.now();
    inbox.pending();
    return performance.now() - start;
  });
}

function takes(root: string, folder: SeatFolder, rounds: number): number[] {
  return Array.from({ length: rounds }, () => {
    const { id } = post({ root, clock: systemClock }, folder, {
      to: folder.id,
      type: 'note',
      content: 'x',
      metadata: {},
    });
    const inbox = inboxOf(root, folder);
    const start = performance.now();
    inbox.pending();
    const claimed = inbox.claim(id);
    if (claimed === undefined) throw new Error(`the message ${id} was not there in ${join(folder.path)}`);
    inbox.settle(claimed);
    return performance.now() - start;
  });
}
