import { basename, dirname } from 'node:path';
import type { DatabaseSync } from 'node:sqlite';
import type { Clock } from '../../lib/clock.ts';
import { removeOldFiles } from '../../lib/old-files.ts';
import type { PurgeCounts } from '../../protocol/search.ts';
import { Pacer } from '../search/pacer.ts';
import type { SearchService } from '../search/search-service.ts';
import { SET_ASIDE } from '../store/database.ts';
import type { PurgeFilter } from './purge-filter.ts';
import { purgeMail } from './purge-mail.ts';
import { purgePrompts } from './purge-prompts.ts';

export interface PurgeOptions {
  readonly root: string;
  /** The daemon's database, and its file. */
  readonly database: DatabaseSync;
  readonly databasePath: string;
  readonly search: Pick<SearchService, 'whileForgotten'>;
  readonly clock: Clock;
}

/** Erases what was said, for good: from the mailboxes, the daemon's database and the index. */
export class Purge {
  readonly #options: PurgeOptions;
  readonly #pacer = new Pacer();

  constructor(options: PurgeOptions) {
    this.#options = options;
  }

  /** What a purge would erase now. */
  async plan(filter: PurgeFilter): Promise<PurgeCounts> {
    return await this.#go(filter, { dryRun: true });
  }

  /**
   * Erases what is meant. What waits or is open stays. After a kill in the middle the rest is erased by the next run.
   * Rejects with a storage error, or with `closed` when the daemon ends.
   */
  async run(filter: PurgeFilter): Promise<PurgeCounts> {
    return await this.#options.search.whileForgotten(() => this.#go(filter, { dryRun: false }));
  }

  /** Ends what is going on at its next step. */
  end(): void {
    this.#pacer.end();
  }

  async #go(filter: PurgeFilter, { dryRun }: { dryRun: boolean }): Promise<PurgeCounts> {
    const { root, database, databasePath, clock } = this.#options;
    const mail = await purgeMail({ root, filter, dryRun, nowMs: clock.now(), pacer: this.#pacer });
    const prompts = purgePrompts(database, { filter, dryRun });
    if (!dryRun && filter.peer === undefined) removeSetAside(databasePath, filter.beforeMs);
    return { ...mail, ...prompts, open: mail.open + prompts.open };
  }
}

/** Of a database that was damaged nobody can say what is in it, only how old it is. */
function removeSetAside(path: string, olderThanMs = Number.POSITIVE_INFINITY): void {
  const prefix = `${basename(path)}${SET_ASIDE}`;
  removeOldFiles(dirname(path), { isMeant: (name) => name.startsWith(prefix), olderThanMs });
}
