import {
  closeSync,
  constants,
  fchmodSync,
  fstatSync,
  lstatSync,
  openSync,
  readdirSync,
  type Stats,
} from 'node:fs';
import { join } from 'node:path';
import { settingsFile } from '../../config/config.ts';
import { trustFile } from '../../directory/trust.ts';
import { TEMPORARY_PREFIX } from '../../lib/atomic-write.ts';
import { errnoOf, unlessGone } from '../../lib/errno.ts';
import { allSeatFolders } from '../../mailbox/all-seats.ts';
import { journalFolder } from '../../mailbox/journal.ts';
import { facadeOf, seatsFolder } from '../../mailbox/seat-folder.ts';
import { wakeFolder } from '../wake-folders.ts';

/** What is not as it should be among our files in a mailbox root. */
export interface RootScan {
  /** Files and folders that others than their owner may read, write or enter; the root itself not among them. */
  readonly loose: readonly string[];
  /** Links where only files and folders of ours should be. */
  readonly links: readonly string[];
  /** What belongs to another user. */
  readonly foreign: readonly string[];
  /** Temporary files that a writer left behind. */
  readonly temporary: readonly string[];
  /** Folders that cannot be looked into. */
  readonly unreadable: readonly string[];
  /** Whether everything was looked at. */
  readonly isComplete: boolean;
}

type Findings = { -readonly [K in Exclude<keyof RootScan, 'isComplete'>]: string[] };

/** A mailbox of years has more; what is wrong shows in the first ones. */
const MAX_ENTRIES = 50_000;
const ABANDONED_MS = 60 * 60 * 1000;
const OTHERS = 0o077;

/** Looks at our files in a root, never following a link, and never into what is v1's. */
export function scanRoot(root: string, nowMs: number): RootScan {
  const findings: Findings = { loose: [], links: [], foreign: [], temporary: [], unreadable: [] };
  // By levels: what is wrong with the folders matters more than a hundred thousand past messages of one seat.
  const queue = startingPoints(root);
  let looked = 0;
  for (; looked < queue.length && looked < MAX_ENTRIES; looked += 1) {
    const next = queue[looked];
    const stat = next === undefined ? undefined : statOf(next.path, findings);
    if (next === undefined || stat === undefined) continue;
    note(findings, { path: next.path, stat, nowMs });
    if (!next.isDeep || !stat.isDirectory()) continue;
    for (const name of namesIn(next.path, findings))
      queue.push({ path: join(next.path, name), isDeep: true });
  }
  return { ...findings, isComplete: looked === queue.length };
}

/** Takes the rights of others from a file or folder; does nothing for a link or what is gone. */
export function makePrivate(path: string): boolean {
  const flags = constants.O_RDONLY | (constants.O_NOFOLLOW ?? 0) | (constants.O_NONBLOCK ?? 0);
  try {
    const file = openSync(path, flags);
    try {
      const stat = fstatSync(file);
      fchmodSync(file, stat.mode & (stat.isDirectory() ? 0o700 : 0o600));
    } finally {
      closeSync(file);
    }
    return true;
  } catch (error) {
    if (errnoOf(error) === undefined) throw error;
    return false;
  }
}

/** Whether others than the owner have rights; Windows keeps them elsewhere. */
export function isLoose({ mode }: Stats): boolean {
  return process.platform !== 'win32' && (mode & OTHERS) !== 0;
}

function startingPoints(root: string): { path: string; isDeep: boolean }[] {
  const facades = allSeatFolders(root).flatMap(({ id }) => {
    const { path, inbox, outbox } = facadeOf(root, id);
    return [path, inbox, outbox];
  });
  return [
    // v1 writes into the inbox of a façade with modes of its own: only the folders are ours.
    ...facades.map((path) => ({ path, isDeep: false })),
    ...[trustFile(root), settingsFile(root)].map((path) => ({ path, isDeep: false })),
    ...temporaryIn(root).map((path) => ({ path, isDeep: false })),
    ...[wakeFolder(root), journalFolder(root), seatsFolder(root)].map((path) => ({ path, isDeep: true })),
  ];
}

function temporaryIn(root: string): string[] {
  return unlessGone(() => readdirSync(root), [])
    .filter((name) => name.startsWith(TEMPORARY_PREFIX))
    .map((name) => join(root, name));
}

function note(findings: Findings, { path, stat, nowMs }: { path: string; stat: Stats; nowMs: number }): void {
  const name = path.slice(Math.max(path.lastIndexOf('/'), path.lastIndexOf('\\')) + 1);
  if (stat.isSymbolicLink()) findings.links.push(path);
  else if (process.getuid !== undefined && stat.uid !== process.getuid()) findings.foreign.push(path);
  else if (isLoose(stat)) findings.loose.push(path);
  if (name.startsWith(TEMPORARY_PREFIX) && nowMs - stat.mtimeMs > ABANDONED_MS) findings.temporary.push(path);
}

function statOf(path: string, findings: Findings): Stats | undefined {
  return unlessForbidden(() => lstatSync(path), { place: join(path, '..'), findings });
}

function namesIn(folder: string, findings: Findings): string[] {
  return unlessForbidden(() => readdirSync(folder), { place: folder, findings }) ?? [];
}

/** Undefined for what is gone, and for what may not be looked at, which is noted once. */
function unlessForbidden<T>(
  look: () => T,
  { place, findings }: { place: string; findings: Findings },
): T | undefined {
  try {
    return unlessGone<T | undefined>(look, undefined);
  } catch (error) {
    if (errnoOf(error) === undefined) throw error;
    if (!findings.unreadable.includes(place)) findings.unreadable.push(place);
    return undefined;
  }
}
