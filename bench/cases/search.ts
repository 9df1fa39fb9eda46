import { appendFileSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { resolveConfig } from '../../src/config/config.ts';
import { daemonAccess } from '../../src/daemon-link/daemon-access.ts';
import {
  callDaemon,
  type DaemonAccess,
  daemonHealth,
  ensureDaemon,
} from '../../src/daemon-link/daemon-client.ts';
import { isoMillis, isoSeconds } from '../../src/lib/clock.ts';
import { journalFile, journalFolder } from '../../src/mailbox/journal.ts';
import { pastPathForWriting } from '../../src/mailbox/past.ts';
import type { SeatFolder } from '../../src/mailbox/seat-folder.ts';
import { newMessageId } from '../../src/protocol/ids.ts';
import type { BenchCase } from '../bench-case.ts';
import { figuresOf, type Row } from '../figures.ts';
import { type Scratch, scratch } from '../scratch.ts';
import { wholeProcess } from '../whole-process.ts';

/** The one that is built: a daemon of another one would be replaced. */
const { version } = JSON.parse(readFileSync(resolve(import.meta.dirname, '../../package.json'), 'utf8')) as {
  version: string;
};
const CLI = resolve(import.meta.dirname, '../../dist/cli/main.js');
const MESSAGES = 100_000;
const NEW = 100;
const ROUNDS = 30;
const WORDS_EACH = 150;
const VOCABULARY = 30_000;
const SEATS = 20;

/** Searching all that was ever said, beside a look through the files. */
export const search: BenchCase = {
  name: 'search',
  summary: 'cahoots search over 100,000 messages: the first one, further ones, and after 100 new messages',
  async run(effort) {
    const place = scratch();
    const env = { PATH: process.env['PATH'], HOME: place.folder, BRIDGE_DIR: place.root };
    const access = daemonAccess({ config: resolveConfig({ env, cwd: place.folder }), version });
    try {
      const count = Math.round(MESSAGES * Math.min(1, effort));
      const seats = Array.from({ length: SEATS }, (_, index) =>
        place.seat(`seat${String(index).padStart(2, '0')}`, `project-${index}`),
      );
      fill(place, seats, { count, rareEvery: Math.max(1, Math.floor(count / 20)) });
      await ensureDaemon(access);
      const before = await memoryMb(access);
      const cli = (...words: string[]): Promise<number> =>
        wholeProcess({ file: process.execPath, args: [CLI, 'search', ...words], env, cwd: place.folder });
      const blocked = await whileWatched(access, () => cli('needle', '--wait', '600'));
      const rounds = Math.max(3, Math.round(ROUNDS * effort));
      const times = async (run: (round: number) => Promise<number>): Promise<number[]> => {
        await run(0);
        const all: number[] = [];
        for (let round = 0; round < rounds; round += 1) all.push(await run(round));
        return all;
      };
      const row = (name: string, values: readonly number[], goal?: number): Row => ({
        name,
        unit: 'ms',
        figures: figuresOf(values),
        ...(goal !== undefined && count === MESSAGES && { goal }),
      });
      const rows = [
        row(`first search, ${count} messages`, [blocked.ms]),
        row('  meanwhile: another call of the daemon', blocked.calls),
        row('a word of 20 messages', await times(() => cli('needle')), 200),
        row('a word of every message', await times(() => cli('w1')), 200),
        row(
          'two words, one begun, by peer and type',
          await times(() => cli('w3 w12', '--peer', 'seat07', '--type', 'note')),
          200,
        ),
        row(
          `after ${NEW} new messages`,
          await times((round) => {
            fill(place, seats, { count: NEW, rareEvery: NEW, word: `fresh${round}` });
            return cli(`fresh${round}`);
          }),
          200,
        ),
        row('in the daemon alone: a word of 20 messages', await times(() => callMs(access, 'needle'))),
        row('in the daemon alone: a word of every message', await times(() => callMs(access, 'w1'))),
        row(
          'for comparison: node -e 0',
          await times(() => wholeProcess({ file: process.execPath, args: ['-e', '0'], env })),
        ),
        row('for comparison: grep -rlw in the mailboxes', [
          await wholeProcess({ file: 'grep', args: ['-rlwm1', 'needle', place.root], env }),
        ]),
      ];
      const after = await memoryMb(access);
      return [
        ...rows,
        { name: 'the daemon’s memory before', unit: 'MB', figures: figuresOf([before]) },
        { name: 'the daemon’s memory afterwards', unit: 'MB', figures: figuresOf([after]) },
      ];
    } finally {
      await end(access);
      place.dispose();
    }
  },
};

/** Runs a search and calls the daemon all the while, as others would. */
async function whileWatched(
  access: DaemonAccess,
  run: () => Promise<number>,
): Promise<{ ms: number; calls: number[] }> {
  const over = new AbortController();
  const calls: number[] = [];
  const watching = (async () => {
    while (!over.signal.aborted) {
      const start = performance.now();
      await daemonHealth(access);
      calls.push(performance.now() - start);
      await setTimeout(5);
    }
  })();
  const ms = await run();
  over.abort();
  await watching;
  return { ms, calls };
}

async function callMs(access: DaemonAccess, words: string): Promise<number> {
  const start = performance.now();
  await callDaemon(access, { method: 'POST', path: '/v1/search', body: { words } });
  return performance.now() - start;
}

async function memoryMb(access: DaemonAccess): Promise<number> {
  const { pid } = await ensureDaemon(access);
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  return Number(/VmRSS:\s+(\d+)/.exec(status)?.[1]) / 1024;
}

async function end(access: DaemonAccess): Promise<void> {
  const health = await daemonHealth(access);
  if (health === undefined) return;
  await callDaemon(access, { method: 'POST', path: '/v1/shut-down', body: {} });
  while ((await daemonHealth(access)) !== undefined) await setTimeout(25);
  await setTimeout(250);
}

/** Handled messages as they lie there: a copy at the sender, one at the receiver, lines in the journal. Nothing is flushed. */
function fill(
  { root }: Scratch,
  seats: readonly SeatFolder[],
  { count, rareEvery, word = 'needle' }: { count: number; rareEvery: number; word?: string },
): void {
  const nowMs = Date.now();
  mkdirSync(journalFolder(root), { recursive: true, mode: 0o700 });
  let journal = '';
  for (let index = 0; index < count; index += 1) {
    const [from, to] = [seats[index % SEATS], seats[(index * 7 + 1) % SEATS]];
    if (from === undefined || to === undefined) throw new Error('too few seats');
    const atMs = nowMs - (count - index) * 10;
    const id = newMessageId();
    const content = `${index % rareEvery === 0 ? `${word} ` : ''}${text()}`;
    const head = { id, from: from.id, to: to.id, type: index % 3 === 0 ? 'query' : 'note' };
    const message = { ...head, timestamp: isoSeconds(atMs), status: 'read', content, inReplyTo: null };
    const accepted = { state: 'accepted', at: isoMillis(atMs), by: from.id };
    const sent = {
      ...message,
      status: 'sent',
      states: [accepted, { ...accepted, state: 'seen', by: to.id }],
    };
    writeFileSync(pastPathForWriting(from.outbox, id), JSON.stringify(sent));
    writeFileSync(pastPathForWriting(to.read, id), JSON.stringify(message));
    const line = { ...accepted, message: id, from: from.id, to: to.id, type: head.type };
    for (const state of ['accepted', 'delivered', 'seen']) {
      journal += `\n${JSON.stringify({ ...line, state, summary: content.slice(0, 160) })}`;
    }
  }
  appendFileSync(journalFile(root, nowMs), journal);
}

/** Words as often as in a language: the first one in nearly every text, the last ones hardly ever. */
function text(): string {
  const words = Array.from({ length: WORDS_EACH }, () => `w${Math.floor(VOCABULARY ** Math.random())}`);
  return words.join(' ');
}
