import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { stateLookup, waitingIds, waitingMail } from '../../client/mail/pending-mail.ts';
import { readSeatRecord } from '../../directory/seat-record.ts';
import { unlessGone } from '../../lib/errno.ts';
import { livenessOf } from '../../lib/process-identity.ts';
import { readRegular } from '../../lib/read-regular.ts';
import { allSeatFolders } from '../../mailbox/all-seats.ts';
import { parseClaimName } from '../../mailbox/claim-name.ts';
import { hasFacade } from '../../mailbox/facade.ts';
import type { SeatFolder } from '../../mailbox/seat-folder.ts';
import type { InstallContext } from '../install-context.ts';
import { staleWakeFolders } from '../wake-folders.ts';
import { type Check, counted, fail, ok, someOf, warn } from './check.ts';
import { scanRoot } from './root-scan.ts';

/** Mail that waits, is held, was not sent or was rejected, and what ended processes left behind. */
export function checkMail({ paths: { root }, clock }: InstallContext): Check[] {
  const folders = allSeatFolders(root);
  return [
    checkWaiting(root, folders),
    ...checkRecords(root, folders),
    ...checkUnsent(folders),
    ...checkRejected(folders),
    checkLeftovers(root, clock.now()),
  ];
}

/** Seats on which a session sat that has ended without a word. */
export function abandonedSeats(root: string): SeatFolder[] {
  return allSeatFolders(root).filter((folder) => {
    const record = readSeatRecord(folder);
    return record?.holder ? livenessOf(record.holder) === 'dead' && hasFacade(root, folder.id) : false;
  });
}

function checkWaiting(root: string, folders: readonly SeatFolder[]): Check {
  const states = stateLookup(root);
  const waiting = folders.map(({ id }) => waitingMail(root, id, states));
  const all = waiting.flat();
  const held = all.filter(({ heldBecause }) => heldBecause !== undefined);
  const seats = waiting.filter((mail) => mail.length > 0).length;
  if (held.length > 0) {
    const ids = held.map(({ message }) => message.id);
    return warn(
      'mail',
      `${counted(held.length, 'message')} held for you: ${someOf(ids)}`,
      'Let each through with cahoots accept <message>, or refuse it with cahoots deny <message>.',
    );
  }
  if (all.length === 0) return ok('mail', `${counted(folders.length, 'seat')}, no mail waits`);
  return ok(
    'mail',
    `${counted(all.length, 'message')} ${all.length === 1 ? 'waits' : 'wait'} in ${seats} of ${counted(folders.length, 'seat')}`,
  );
}

/** Without its record a seat is nobody's: no session comes back to it and no peer sees it. */
function checkRecords(root: string, folders: readonly SeatFolder[]): Check[] {
  const lost = folders.flatMap((folder) => {
    const count = readSeatRecord(folder) === undefined ? waitingIds(root, folder).length : 0;
    return count === 0 ? [] : [`${folder.path} (${count})`];
  });
  if (lost.length === 0) return [];
  return [
    fail(
      'records',
      `mail waits in seats whose seat.json is missing or cannot be read: ${someOf(lost)}`,
      'Put an earlier seat.json back, or read the messages with cat in the folder inbox of that seat.',
    ),
  ];
}

/** What a process that was killed while it was sending left; the next process of that seat sends it. */
function checkUnsent(folders: readonly SeatFolder[]): Check[] {
  const seats = folders.flatMap((folder) => {
    const count = unlessGone(() => readdirSync(folder.sending), []).filter((name) => {
      const claim = parseClaimName(name);
      return claim !== undefined && livenessOf(claim.owner.process) !== 'alive';
    }).length;
    return count === 0 ? [] : [{ folder, count }];
  });
  if (seats.length === 0) return [];
  const names = seats.map(({ folder, count }) => `${nameOf(folder)} (${count})`);
  const remedy =
    'They are sent when the seat is used next: start its session, or run cahoots inbox --as <seat>.';
  return [warn('unsent', `messages were accepted and not delivered, by seat: ${someOf(names)}`, remedy)];
}

/** Files that were no messages; those that expired or were denied are where they belong. */
function checkRejected(folders: readonly SeatFolder[]): Check[] {
  const reasons = folders.flatMap((folder) => {
    const invalid = join(folder.rejected, 'invalid');
    return unlessGone(() => readdirSync(invalid), []).flatMap((name) => {
      if (!name.endsWith('.reason')) return [];
      const found = readRegular(join(invalid, name), 16 * 1024);
      return [
        `${join(invalid, name.slice(0, -'.reason'.length))}: ${found.kind === 'text' ? found.text.trim() : 'no reason'}`,
      ];
    });
  });
  if (reasons.length === 0) return [];
  const remedy = 'They were put aside and harm nothing; look at them with cat, and remove them if you like.';
  return [
    warn(
      'rejected',
      `${counted(reasons.length, 'file')} in the mailboxes were no messages: ${someOf(reasons, 3)}`,
      remedy,
    ),
  ];
}

function checkLeftovers(root: string, nowMs: number): Check {
  const seats = abandonedSeats(root);
  const wake = staleWakeFolders(root, nowMs);
  const { temporary } = scanRoot(root, nowMs);
  const found = [
    ...(seats.length === 0
      ? []
      : [`${counted(seats.length, 'session')} ended without a word (${someOf(seats.map(nameOf))})`]),
    ...(wake.length === 0 ? [] : [`${counted(wake.length, 'wake folder')} of ended sessions`]),
    ...(temporary.length === 0 ? [] : [`${counted(temporary.length, 'temporary file')} of killed writers`]),
  ];
  if (found.length === 0) return ok('leftovers', 'ended processes left nothing behind');
  return warn(
    'leftovers',
    `${found.join('; ')}. Mail of these seats is kept`,
    'Nothing depends on them; cahoots doctor --fix tidies up.',
  );
}

function nameOf(folder: SeatFolder): string {
  return `${readSeatRecord(folder)?.name ?? '?'} ${folder.id}`;
}
