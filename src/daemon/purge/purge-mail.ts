import { lstatSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { unlessGone } from '../../lib/errno.ts';
import { removeEntry } from '../../lib/remove-entry.ts';
import { allSeatFolders } from '../../mailbox/all-seats.ts';
import { eraseJournalLines, type JournalLine, journalFiles } from '../../mailbox/erase-journal.ts';
import { findReceived, findSent } from '../../mailbox/find-message.ts';
import { INVALID_SHARD, pastPath } from '../../mailbox/past.ts';
import {
  isOwnFolder,
  isOwnFolderThere,
  requireOwnFolder,
  type SeatFolder,
  seatsFolder,
} from '../../mailbox/seat-folder.ts';
import { isMessageId, type MessageId } from '../../protocol/ids.ts';
import type { Message } from '../../protocol/message.ts';
import type { PurgeCounts } from '../../protocol/search.ts';
import { MessageTexts, timeOf } from '../search/message-texts.ts';
import type { Pacer } from '../search/pacer.ts';
import { eraseMessage, isOpenMessage, isWaiting } from './past-message.ts';
import { isMeant, type PurgeFilter } from './purge-filter.ts';

export interface MailPurge {
  readonly root: string;
  readonly filter: PurgeFilter;
  /** Only counts. */
  readonly dryRun: boolean;
  readonly nowMs: number;
  readonly pacer: Pacer;
}

type MailCounts = Pick<PurgeCounts, 'messages' | 'journalLines' | 'rejectedFiles' | 'open'>;

/**
 * Erases the handled messages of a root that are meant: every copy, what the journal says of them, and what was rejected
 * with them. What waits or is open stays, with its lines. Looks at every message, in small steps.
 */
export async function purgeMail(purge: MailPurge): Promise<MailCounts> {
  const { root } = purge;
  if (isOwnFolderThere(seatsFolder(root))) requireOwnFolder(seatsFolder(root));
  const known = new Map<MessageId, 'erased' | 'open' | 'stays'>();
  let rejectedFiles = 0;
  for (const { id, folder } of new MessageTexts(root).past()) {
    await purge.pacer.breathe();
    if (known.has(id)) continue;
    const message = messageAt(folder, id);
    if (message === undefined) rejectedFiles += eraseUnreadable(purge, folder, id);
    else known.set(id, settle(purge, message));
  }
  for (const folder of allSeatFolders(root)) {
    await purge.pacer.breathe();
    rejectedFiles += eraseInvalid(purge, folder);
  }
  const journalLines = await eraseLines(purge, known);
  const count = (wanted: string): number => [...known.values()].filter((what) => what === wanted).length;
  return { messages: count('erased'), open: count('open'), journalLines, rejectedFiles };
}

function settle({ root, filter, dryRun }: MailPurge, message: Message): 'erased' | 'open' | 'stays' {
  if (!isMeant(filter, { ...message, atMs: timeOf(message) })) return 'stays';
  if (isOpenMessage(root, message)) return 'open';
  if (!dryRun) eraseMessage(root, message);
  return 'erased';
}

function messageAt(folder: SeatFolder, id: MessageId): Message | undefined {
  const sent = findSent(folder, id)?.message;
  if (sent?.from === folder.id) return sent;
  const received = findReceived(folder, id)?.message;
  return received?.to === folder.id ? received : undefined;
}

/** A file under the name of a past message that is none, or not any more. */
function eraseUnreadable({ filter, dryRun }: MailPurge, folder: SeatFolder, id: MessageId): number {
  let erased = 0;
  // Without its copy in the outbox a message that is still being sent would be sent again.
  const isSending = namesIn(folder.sending).some((name) => name.startsWith(id));
  for (const past of [folder.read, folder.rejected, ...(isSending ? [] : [folder.outbox])]) {
    const path = pastPath(past, id);
    if (!isOldFileOf(folder, { path, filter })) continue;
    erased += 1;
    if (!dryRun) for (const file of [`${path}.reason`, path]) removeEntry(file);
  }
  return erased;
}

function eraseInvalid({ filter, dryRun }: MailPurge, folder: SeatFolder): number {
  const invalid = join(folder.rejected, INVALID_SHARD);
  if (!isOwnFolder(folder.rejected) || !isOwnFolder(invalid)) return 0;
  const bases = new Set(namesIn(invalid).map((name) => name.replace(/\.reason$/, '')));
  const meant = [...bases].filter((base) => {
    const path = join(invalid, base);
    return isOldFileOf(folder, { path, filter }) || isOldFileOf(folder, { path: `${path}.reason`, filter });
  });
  if (!dryRun) {
    for (const base of meant) for (const name of [base, `${base}.reason`]) removeEntry(join(invalid, name));
  }
  return meant.length;
}

/** Who wrote what is no message is not known: it belongs to the seat where it lies. */
function isOldFileOf(folder: SeatFolder, { path, filter }: { path: string; filter: PurgeFilter }): boolean {
  const changedMs = unlessGone(() => lstatSync(path).mtimeMs, undefined);
  return changedMs !== undefined && isMeant(filter, { from: folder.id, to: folder.id, atMs: changedMs });
}

/** The lines of what was erased, and of what is meant and has no file any more. */
async function eraseLines(
  { root, filter, dryRun, nowMs, pacer }: MailPurge,
  known: ReadonlyMap<string, 'erased' | 'open' | 'stays'>,
): Promise<number> {
  const isLineMeant = (line: JournalLine): boolean => {
    const what = known.get(line.message);
    if (what !== undefined) return what === 'erased';
    return isMeant(filter, line) && !hasFile(root, line);
  };
  let erased = 0;
  for (const path of journalFiles(root)) {
    erased += eraseJournalLines(path, { isMeant: isLineMeant, dryRun, nowMs });
    await pacer.breathe();
  }
  return erased;
}

/** A message that came after the look at the folders has one before it has a line. */
function hasFile(root: string, { message: id, from, to }: JournalLine): boolean {
  if (!isMessageId(id)) return false;
  return isWaiting(root, { id, from, to }) || new MessageTexts(root).read({ id, from, to }) !== undefined;
}

function namesIn(folder: string): string[] {
  return unlessGone(() => readdirSync(folder), []);
}
