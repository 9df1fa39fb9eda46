import { chmodSync, lstatSync, mkdirSync, realpathSync, type Stats, statSync } from 'node:fs';
import { dirname, join, sep } from 'node:path';
import { errnoOf, unlessGone } from '../lib/errno.ts';
import { CahootsError } from '../protocol/errors.ts';
import type { SeatId } from '../protocol/ids.ts';
import { storing } from './storage-error.ts';

/** The folders of one seat, all absolute. */
export interface SeatFolder {
  readonly id: SeatId;
  readonly path: string;
  readonly record: string;
  readonly inbox: string;
  readonly claimed: string;
  readonly read: string;
  readonly outbox: string;
  /** Accepted messages that are not known to be delivered yet. */
  readonly sending: string;
  readonly receipts: string;
  readonly rejected: string;
  readonly holders: string;
  /** One byte per message sent: its length is the sequence number. */
  readonly sequence: string;
}

/** The folder through which session-bridge v1 sees a seat, and through which v1's own seats are reached. */
export interface Facade {
  readonly path: string;
  readonly manifest: string;
  readonly inbox: string;
  readonly outbox: string;
}

const PRIVATE = 0o700;

/** Where the seats of a root are. */
export function seatsFolder(root: string): string {
  return join(root, 'seats');
}

/** Where v1's sessions, and the façades of ours, are. */
export function sessionsFolder(root: string): string {
  return join(root, 'sessions');
}

/** The paths of a seat's folder; nothing is looked at. */
export function seatFolder(root: string, id: SeatId): SeatFolder {
  // Put together by hand: a listing makes ten thousand of these, and normalising each path would take most of its time.
  const path = `${seatsFolder(root)}${sep}${id}`;
  const inside = (name: string): string => `${path}${sep}${name}`;
  const outbox = inside('outbox');
  return {
    id,
    path,
    record: inside('seat.json'),
    inbox: inside('inbox'),
    claimed: inside('claimed'),
    read: inside('read'),
    outbox,
    sending: `${outbox}${sep}sending`,
    receipts: inside('receipts'),
    rejected: inside('rejected'),
    holders: inside('holders'),
    sequence: inside('sequence'),
  };
}

/** The paths of a façade; nothing is looked at. */
export function facadeOf(root: string, id: SeatId): Facade {
  const path = join(sessionsFolder(root), id);
  return {
    path,
    manifest: join(path, 'manifest.json'),
    inbox: join(path, 'inbox'),
    outbox: join(path, 'outbox'),
  };
}

/**
 * Makes sure that the mailbox root is there and is ours, and that nobody else can look into our seats; creates it with
 * mode 0700.
 *
 * Throws `root-not-ours`, `root-link` (a link where a folder of ours should be), `root-unusable` or `storage-full`.
 */
export function openRoot(root: string): void {
  const what = `The mailbox root ${root} cannot be used`;
  storing(what, () => mkdirSync(root, { recursive: true, mode: PRIVATE }));
  // The root itself may be reached through a link that the person made; what it leads to must be ours.
  requireOwnFolder(storing(what, () => realpathSync(root)));
  storing(what, () => {
    makeFolder(seatsFolder(root));
    makeFolder(sessionsFolder(root));
    // v1 makes its folders with the person's umask and does not mind a narrower mode; others must not plant files there.
    withdraw(seatsFolder(root), 0o077);
    withdraw(sessionsFolder(root), 0o022);
  });
}

/** Makes the folders of a seat. Throws like {@link openRoot}. */
export function createSeatFolder(root: string, id: SeatId): SeatFolder {
  const folder = seatFolder(root, id);
  storing(`The folder of seat ${id} cannot be made`, () => {
    mkdirSync(root, { recursive: true, mode: PRIVATE });
    for (const path of [seatsFolder(root), folder.path, ...foldersOf(folder)]) makeFolder(path);
  });
  return folder;
}

/** Checks that a seat's folder and the folders in it are ours and no links. Throws `root-link` or `root-not-ours`. */
export function requireSeatFolder(folder: SeatFolder): void {
  checkSeatFolder(folder, requireOwnFolder);
}

/** Like {@link requireSeatFolder}, except that a folder may be missing: nothing can be read or written through it. */
export function refuseForeignFolders(folder: SeatFolder): void {
  checkSeatFolder(folder, isOwnFolderThere);
}

/** The state of a seat's folders in which all of them were found to be ours. */
const foundOwn = new WeakMap<SeatFolder, string>();
/** Changes of a folder closer together than this may carry the same time. */
const TIME_STEP_MS = 100;

/** Nothing in a folder is put in the place of something else without a change of the folder itself. */
function checkSeatFolder(folder: SeatFolder, check: (path: string) => unknown): void {
  check(dirname(folder.path));
  const state = settledState([folder.path, folder.outbox]);
  if (state !== undefined && foundOwn.get(folder) === state) return;
  const paths = [folder.path, ...foldersOf(folder)];
  for (const path of paths) check(path);
  if (state !== undefined && paths.every(isThere)) foundOwn.set(folder, state);
}

/** Undefined while any of the folders is missing or has only just been changed. */
function settledState(paths: readonly string[]): string | undefined {
  const latestMs = Date.now() - TIME_STEP_MS;
  const states: string[] = [];
  for (const path of paths) {
    const stat = statOf(path);
    if (stat === undefined || stat.ctimeMs > latestMs) return undefined;
    states.push(`${stat.dev} ${stat.ino} ${stat.ctimeMs}`);
  }
  return states.join();
}

/** Makes one folder in a folder that exists; what is there already must be a folder of ours and no link. */
export function makeFolder(path: string): void {
  try {
    if (!isThere(path)) mkdirSync(path, { mode: PRIVATE });
  } catch (error) {
    // Another process made it in between.
    if (errnoOf(error) !== 'EEXIST') throw error;
  }
  requireOwnFolder(path);
}

function withdraw(path: string, mode: number): void {
  const now = statSync(path).mode & 0o777;
  if ((now & mode) !== 0) chmodSync(path, now & ~mode);
}

function foldersOf(folder: SeatFolder): string[] {
  const { inbox, claimed, read, outbox, sending, receipts, rejected, holders } = folder;
  return [inbox, claimed, read, outbox, sending, receipts, rejected, holders];
}

/** Whether there is something at `path`; a dangling link counts. Throws a storage error when that cannot be told. */
export function isThere(path: string): boolean {
  return storing(`${path} cannot be looked at`, () =>
    unlessGone(() => lstatSync(path, { throwIfNoEntry: false }) !== undefined, false),
  );
}

/** Whether `path` is a folder, no link, and owned by the user of this process. */
export function isOwnFolder(path: string): boolean {
  const stat = unlessGone(() => lstatSync(path, { throwIfNoEntry: false }), undefined);
  return stat?.isDirectory() === true && (process.getuid === undefined || stat.uid === process.getuid());
}

/** Whether there is something at `path`; throws unless that is a folder, no link, and owned by the user of this process. */
export function isOwnFolderThere(path: string): boolean {
  const stat = statOf(path);
  if (stat !== undefined) requireOwn(path, stat);
  return stat !== undefined;
}

/** Throws unless `path` is a folder, no link, and owned by the user of this process. */
export function requireOwnFolder(path: string): void {
  if (isOwnFolderThere(path)) return;
  throw new CahootsError('root-unusable', `The folder ${path} is gone.`, {
    remedy: 'It is made anew by the next command; run this one again.',
    facts: { path },
  });
}

/** Undefined when there is nothing; that is found out without the cost of an error that is thrown and caught. */
function statOf(path: string): Stats | undefined {
  return storing(`The folder ${path} cannot be used`, () =>
    unlessGone(() => lstatSync(path, { throwIfNoEntry: false }), undefined),
  );
}

function requireOwn(path: string, stat: Stats): void {
  if (stat.isSymbolicLink() || !stat.isDirectory()) {
    throw new CahootsError(
      'root-link',
      `${path} is ${stat.isSymbolicLink() ? 'a link' : 'no folder'}, where a folder of cahoots should be.`,
      {
        remedy: `Somebody put it there: look at it and remove it (parent folder: ${dirname(path)}).`,
        facts: { path },
      },
    );
  }
  if (process.getuid !== undefined && stat.uid !== process.getuid()) {
    throw new CahootsError(
      'root-not-ours',
      `${path} belongs to user ${stat.uid}, not to you (user ${process.getuid()}).`,
      {
        remedy:
          'Mail is not read from or written to another user’s folder; set BRIDGE_DIR to a folder of your own.',
        facts: { path, owner: stat.uid },
      },
    );
  }
}
