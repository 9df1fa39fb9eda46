import type { DatabaseSync } from 'node:sqlite';
import type { PurgeCounts } from '../../protocol/search.ts';
import type { PurgeFilter } from './purge-filter.ts';

type PromptCounts = Pick<PurgeCounts, 'prompts' | 'sessionLines' | 'open'>;

const OF_PEER = "(:peer IS NULL OR session = :peer OR json_extract(record, '$.from') = :peer)";
const MEANT = `${OF_PEER} AND (:before IS NULL OR accepted < :before)`;
const MEANT_LINES = `
  CASE WHEN prompt IN (SELECT id FROM prompts) THEN prompt IN (SELECT id FROM prompts WHERE is_open = 0 AND ${MEANT})
  ELSE (:peer IS NULL OR session = :peer) AND (:before IS NULL OR at < :before) END`;

/**
 * Erases the prompts of managed sessions that are meant and have come to their end, with their results, and what the
 * journals of the sessions say of them and of that time. The sessions stay. Nothing of it is left in the database's file.
 */
export function purgePrompts(
  database: DatabaseSync,
  { filter, dryRun }: { filter: PurgeFilter; dryRun: boolean },
): PromptCounts {
  const meant = { peer: filter.peer ?? null, before: filter.beforeMs ?? null };
  const count = (sql: string): number => Number(database.prepare(sql).get(meant)?.['count'] ?? 0);
  const counts = {
    prompts: count(`SELECT count(*) AS count FROM prompts WHERE is_open = 0 AND ${MEANT}`),
    sessionLines: count(`SELECT count(*) AS count FROM journal WHERE ${MEANT_LINES}`),
    open: count(`SELECT count(*) AS count FROM prompts WHERE is_open = 1 AND ${MEANT}`),
  };
  // Also when nothing matches: what a deleted session left in the file, or a purge that was killed, goes as well.
  if (dryRun) return counts;
  database.exec('BEGIN IMMEDIATE');
  try {
    database.prepare(`DELETE FROM journal WHERE ${MEANT_LINES}`).run(meant);
    database.prepare(`DELETE FROM prompts WHERE is_open = 0 AND ${MEANT}`).run(meant);
    database.exec('COMMIT');
  } catch (error) {
    database.exec('ROLLBACK');
    throw error;
  }
  // Pages keep what was in them until they are used again, and so does the log of writes.
  database.exec('VACUUM; PRAGMA wal_checkpoint(TRUNCATE);');
  return counts;
}
