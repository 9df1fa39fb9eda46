import { lstatSync, readdirSync, rmdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { ResolvedPaths } from '../../config/config.ts';
import { settingsFile } from '../../config/config.ts';
import { daemonPlace } from '../../config/daemon-place.ts';
import { currentHolder } from '../../directory/seat-hold.ts';
import { readSeatRecord } from '../../directory/seat-record.ts';
import { trustFile } from '../../directory/trust.ts';
import { TEMPORARY_PREFIX } from '../../lib/atomic-write.ts';
import { errnoOf, unlessGone } from '../../lib/errno.ts';
import { livenessOf } from '../../lib/process-identity.ts';
import { allSeatFolders } from '../../mailbox/all-seats.ts';
import { journalFolder } from '../../mailbox/journal.ts';
import { isThere, type SeatFolder, seatsFolder, sessionsFolder } from '../../mailbox/seat-folder.ts';
import { CahootsError } from '../../protocol/errors.ts';
import { isSeatId } from '../../protocol/ids.ts';
import type { SeatRecord } from '../../protocol/seat.ts';
import { copiesFolder, isCopyName } from '../setup/plugin-copy.ts';
import { isWakeFolder, wakeFolder } from '../wake-folders.ts';
import { eraseSeat } from './erase-seat.ts';

/** A file or folder of ours, with what it is. */
export interface OwnFile {
  readonly path: string;
  readonly what: string;
  readonly remove: () => void;
}

/** The copies of the plugin, if there are any. */
export function ownCopies({ home }: ResolvedPaths): OwnFile[] {
  const copies = copiesFolder(home);
  const remove = (): void => {
    removeKnown(copies, isCopyName);
    removeIfEmpty(join(copies, '..'));
  };
  return isThere(copies) ? [{ path: copies, what: 'the copies of the plugin', remove }] : [];
}

/** What Node compiled of our programs. Every run of one makes the folder anew, the one that removes it too. */
export function compileCache({ home, env }: ResolvedPaths): OwnFile {
  const caches = cacheFolder(home, env);
  const path = join(caches, 'compile-cache');
  return {
    path,
    what: 'the cache of compiled programs',
    remove: () => {
      rmSync(path, { recursive: true, force: true });
      removeIfEmpty(caches);
    },
  };
}

/**
 * Everything in a mailbox root that is ours: seats with their mail and façades, journal, wake files, the daemon's files, verdicts, settings.
 * What session-bridge v1 or somebody else put there is not among it; the root itself goes when nothing is left in it.
 */
export function ownMail(paths: Pick<ResolvedPaths, 'root' | 'env'>): OwnFile[] {
  const { root } = paths;
  const daemon = daemonPlace(paths).folder;
  const named: OwnFile[] = [
    { path: seatsFolder(root), what: 'every seat with its mail', remove: () => removeSeats(root) },
    {
      path: journalFolder(root),
      what: 'the journal',
      remove: () => removeKnown(journalFolder(root), (name) => /^\d{4}-\d{2}-\d{2}\.jsonl$/.test(name)),
    },
    { path: wakeFolder(root), what: 'wake files', remove: () => removeKnown(wakeFolder(root), isWakeFolder) },
    {
      path: daemon,
      what: 'past managed sessions, the index of the search, and the log of the daemon',
      remove: () => removeKnown(daemon, (name) => DAEMON_FILE.test(name)),
    },
    { path: trustFile(root), what: 'your verdicts about peers', remove: () => rmSync(trustFile(root)) },
    { path: settingsFile(root), what: 'your settings', remove: () => rmSync(settingsFile(root)) },
  ];
  return named.filter(({ path }) => isThere(path));
}

/** Databases with what SQLite puts beside them, those that were put aside for damage, the log and its older files, locks. */
const DAEMON_FILE = /^(\.starting|daemon\.(json|sock|log(\.\d+)?)|(daemon|search)\.db([-.].*)?)$/;

/** Whether {@link tidyRoot} has something to do. */
export function isUntidy(root: string): boolean {
  const folders = [seatsFolder(root), sessionsFolder(root), root].filter(isThere);
  return namesIn(root).some(isOurMark) || folders.some((folder) => namesIn(folder).length === 0);
}

/** Removes locks and temporary files of ours from a root, and the root's own folders where they are empty. */
export function tidyRoot(root: string): void {
  for (const name of namesIn(root)) {
    if (isOurMark(name)) rmSync(join(root, name), { recursive: true, force: true });
  }
  for (const folder of [seatsFolder(root), sessionsFolder(root), root]) removeIfEmpty(folder);
}

function removeSeats(root: string): void {
  const held: string[] = [];
  for (const folder of allSeatFolders(root)) {
    // A link is none of ours, wherever it leads.
    if (!lstatSync(folder.path).isDirectory()) continue;
    const record = readSeatRecord(folder);
    // The person may have taken a while to say yes: somebody may have sat down since it was asked.
    if (isSatOn(folder, record)) held.push(`${record?.name ?? '?'} (${folder.id})`);
    else eraseSeat(root, folder);
  }
  // A process that was killed while it removed a seat or a façade leaves these.
  removeKnown(seatsFolder(root), (name) => /^\.(removed|erased)-[a-z0-9]{6}-\w+$/.test(name));
  for (const name of namesIn(sessionsFolder(root))) {
    if (isSeatId(name.slice('.leaving-'.length)) && name.startsWith('.leaving-'))
      rmSync(join(sessionsFolder(root), name), { recursive: true, force: true });
  }
  if (held.length === 0) return;
  throw new CahootsError('seat-held', `Somebody sits on ${held.join(', ')} by now, whose mail was kept.`, {
    remedy: 'End that session or listener, and run it again.',
    facts: { seats: held },
  });
}

/** Whether a session sits on a seat, or a process listens on that of a shell. */
function isSatOn(folder: SeatFolder, record: SeatRecord | undefined): boolean {
  const isListening = record?.kind === 'shell' && record.holder && livenessOf(record.holder) === 'alive';
  return isListening === true || currentHolder(folder)?.free === false;
}

function isOurMark(name: string): boolean {
  return name.startsWith(TEMPORARY_PREFIX) || /^\.[a-z-]+-lock(-takeover~|$)/.test(name);
}

/** Removes what `isKnown` names or is a temporary file of ours, then the folder itself unless something else is in it. */
function removeKnown(folder: string, isKnown: (name: string) => boolean): void {
  for (const name of namesIn(folder)) {
    if (isKnown(name) || isOurMark(name)) rmSync(join(folder, name), { recursive: true, force: true });
  }
  removeIfEmpty(folder);
}

function namesIn(folder: string): string[] {
  // A link in the place of a folder of ours leads to somebody else's files.
  if (unlessGone(() => !lstatSync(folder).isDirectory(), true)) return [];
  return unlessGone(() => readdirSync(folder), []);
}

function removeIfEmpty(folder: string): void {
  try {
    rmdirSync(folder);
  } catch (error) {
    const code = errnoOf(error);
    if (code !== 'ENOTEMPTY' && code !== 'EEXIST' && code !== 'ENOENT' && code !== 'ENOTDIR') throw error;
  }
}

/** Where the launchers of this package keep what Node compiled. */
function cacheFolder(home: string, env: ResolvedPaths['env']): string {
  const named = env['XDG_CACHE_HOME'];
  if (named) return join(named, 'cahoots');
  if (process.platform === 'darwin') return join(home, 'Library', 'Caches', 'cahoots');
  if (process.platform === 'win32')
    return join(env['LOCALAPPDATA'] ?? join(home, 'AppData', 'Local'), 'cahoots');
  return join(home, '.cache', 'cahoots');
}
