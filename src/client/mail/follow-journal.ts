import { mkdirSync } from 'node:fs';
import { deferred } from '../../lib/deferred.ts';
import { watchFolders } from '../../lib/folder-watch.ts';
import { journalFolder } from '../../mailbox/journal.ts';
import {
  type KnownEntry,
  readJournalAfter,
  readJournalEnd,
  readJournalTail,
} from '../../mailbox/journal-tail.ts';
import { openRoot } from '../../mailbox/seat-folder.ts';
import { cancelled } from '../cancelled.ts';
import type { ClientContext } from '../client-context.ts';

const RESCAN_MS = 2000;
const POLL_MS = 250;

/** The newest entries of the journal, oldest first, at most `limit`. */
export function journal({ config }: ClientContext, limit: number): KnownEntry[] {
  openRoot(config.root);
  return readJournalTail(config.root, limit);
}

export interface JournalFollowing {
  /** How many earlier entries come first. */
  readonly limit: number;
  /** Called with entries in the order in which they were written; the next ones wait until it has resolved. */
  readonly onEntries: (entries: readonly KnownEntry[]) => Promise<void>;
  readonly signal: AbortSignal;
}

/**
 * Hands over the newest entries of the journal and then each new one as it is written. Only ends by rejecting: with
 * `cancelled` when the signal aborts, or with what `onEntries` rejects with.
 */
export async function followJournal(
  { config }: ClientContext,
  { limit, onEntries, signal }: JournalFollowing,
): Promise<never> {
  const { root } = config;
  openRoot(root);
  mkdirSync(journalFolder(root), { recursive: true, mode: 0o700 });
  if (signal.aborted) throw cancelled();
  let change = deferred<void>();
  const onAbort = (): void => change.resolve();
  const watch = watchFolders([journalFolder(root)], {
    onChange: () => change.resolve(),
    rescanMs: RESCAN_MS,
    pollMs: POLL_MS,
  });
  signal.addEventListener('abort', onAbort, { once: true });
  try {
    let { entries, end } = readJournalEnd(root, limit);
    for (;;) {
      if (entries.length > 0) await onEntries(entries);
      if (signal.aborted) throw cancelled();
      await change.promise;
      // Before the reading: what is written while it goes on counts as a new change.
      change = deferred<void>();
      ({ entries, end } = readJournalAfter(root, end));
    }
  } finally {
    watch.close();
    signal.removeEventListener('abort', onAbort);
  }
}
