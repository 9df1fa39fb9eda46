import { randomUUID } from 'node:crypto';
import { mkdirSync } from 'node:fs';
import { openDatabase } from '../../src/daemon/store/database.ts';
import { SqliteSessionStore } from '../../src/daemon/store/sqlite-session-store.ts';
import { newSeatId } from '../../src/protocol/ids.ts';
import type { ManagedSessionRecord } from '../../src/protocol/managed-session.ts';
import { NOTHING_SPENT } from '../../src/protocol/turn-result.ts';
import type { BenchCase } from '../bench-case.ts';
import { figuresOf, type Row } from '../figures.ts';
import { managedBench } from '../managed/managed-bench.ts';
import { inTurn } from '../whole-process.ts';

const SESSIONS = 10_000;
const LINES = 10;
const ROUNDS = 30;
const GOAL_MS = 100;

/** The list of sessions after a long time of use. */
export const sessionList: BenchCase = {
  name: 'session-list',
  summary:
    'GET /v1/sessions with 10,000 past sessions, beside the store and the rows as they lie in the database',
  async run(effort) {
    const sessions = Math.round(SESSIONS * Math.min(1, effort));
    const bench = await managedBench({});
    try {
      const { database: path, folder } = bench.access.place;
      mkdirSync(folder, { mode: 0o700 });
      const { database, close } = openDatabase(path, { nowMs: Date.now() });
      const store = new SqliteSessionStore(database);
      database.exec('BEGIN');
      fill(store, sessions);
      database.exec('COMMIT');
      const raw = database.prepare('SELECT record FROM sessions ORDER BY changed DESC LIMIT ?');
      await bench.ensure();
      const work: readonly (readonly [string, () => unknown])[] = [
        ['GET /v1/sessions (the last 1,000)', () => bench.call('GET', '/v1/sessions')],
        ['GET /v1/sessions, all', () => bench.call('GET', `/v1/sessions?limit=${sessions}`)],
        ['the store, the last 1,000', () => store.sessions()],
        ['the store, all', () => store.sessions({ limit: sessions })],
        ['for comparison: the rows, the last 1,000', () => raw.all(1_000)],
        ['for comparison: the rows, all', () => raw.all(sessions)],
      ];
      const times = await inTurn(
        Math.max(5, Math.round(ROUNDS * effort)),
        ...work.map(
          ([, read]) =>
            () =>
              timeOf(read),
        ),
      );
      close();
      return work.map(
        ([name], index): Row => ({
          name,
          unit: 'ms',
          figures: figuresOf(times[index] ?? []),
          ...(name.startsWith('GET') && sessions === SESSIONS && { goal: GOAL_MS }),
        }),
      );
    } finally {
      await bench.end();
    }
  },
};

async function timeOf(read: () => unknown): Promise<number> {
  const start = performance.now();
  await read();
  return performance.now() - start;
}

/** Sessions that are over, each with a prompt and some lines in its journal. */
function fill(store: SqliteSessionStore, count: number): void {
  for (let index = 0; index < count; index += 1) {
    const atMs = Date.now() - (count - index) * 60_000;
    const session: ManagedSessionRecord = {
      id: newSeatId(),
      name: `worker-${index}`,
      agent: 'claude-code',
      conversation: randomUUID(),
      cwd: `/home/somebody/projects/project-${index % 50}`,
      preset: 'edit',
      limits: { session: {}, turn: {} },
      state: { state: 'stopped' },
      spent: NOTHING_SPENT,
      turns: 1,
      activeMs: 1_000,
      createdAtMs: atMs,
      changedAtMs: atMs,
    };
    store.saveSession(session);
    store.savePrompt({
      id: randomUUID(),
      session: session.id,
      from: 'bench',
      text: 'Say something.',
      acceptedAtMs: atMs,
      endedAtMs: atMs,
      ended: { outcome: 'completed' },
    });
    for (let line = 0; line < LINES; line += 1)
      store.note({ session: session.id, atMs, type: 'text:said', data: { text: 'Something.' } });
  }
}
