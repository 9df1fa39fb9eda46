import { readdirSync } from 'node:fs';
import { stateLookup, waitingMail } from '../../client/mail/pending-mail.ts';
import { readSeatRecord } from '../../directory/seat-record.ts';
import { unlessGone } from '../../lib/errno.ts';
import { allSeatFolders } from '../../mailbox/all-seats.ts';
import type { SeatId } from '../../protocol/ids.ts';

/** Mail of one seat that nobody has read. */
export interface UnreadMail {
  readonly seat: SeatId;
  readonly name: string;
  readonly path: string;
  /** Messages that wait, and those that were before a session when it ended. */
  readonly count: number;
  /** The names of the senders, each once. */
  readonly from: readonly string[];
}

/** The seats of a root that have unread mail; nothing is taken or moved. */
export function unreadMail(root: string): UnreadMail[] {
  const states = stateLookup(root);
  return allSeatFolders(root).flatMap((folder) => {
    const waiting = waitingMail(root, folder.id, states).map(({ message }) => message);
    const claimed = unlessGone(() => readdirSync(folder.claimed), []).filter((name) =>
      name.endsWith('.json'),
    );
    const count = waiting.length + claimed.length;
    if (count === 0) return [];
    const record = readSeatRecord(folder);
    const from = waiting.map(({ from, metadata }) => metadata.fromName ?? metadata.fromProject ?? from);
    return [
      {
        seat: folder.id,
        name: record?.name ?? folder.id,
        path: record?.projectPath ?? '',
        count,
        from: [...new Set(from)].sort(),
      },
    ];
  });
}
