// Waits for messages in a seat and tells, for each, when it was taken: the time since boot in nanoseconds, which
// processes share. Arguments: root, seat id, `rename` (the mailbox) or `bare` (a folder, a rename and a watch, no mailbox).
import { readdirSync, readFileSync, renameSync } from 'node:fs';
import { join } from 'node:path';
import { systemClock } from '../../src/lib/clock.ts';
import { watchFolders } from '../../src/lib/folder-watch.ts';
import { thisProcess } from '../../src/lib/process-identity.ts';
import { Inbox } from '../../src/mailbox/inbox.ts';
import { facadeOf, seatFolder } from '../../src/mailbox/seat-folder.ts';
import { isSeatId } from '../../src/protocol/ids.ts';

const [root = '', seat = '', kind = ''] = process.argv.slice(2);
if (!isSeatId(seat)) throw new Error(`${seat} is no seat id`);
const folder = seatFolder(root, seat);
const owner = { process: thisProcess(), generation: 0 };
const inbox = new Inbox({ root, folder, owner, clock: systemClock, expiresAfterMs: 1e9 });

function takeMailbox(): void {
  for (const { id } of inbox.pending()) {
    const claimed = inbox.claim(id);
    if (claimed === undefined) continue;
    process.send?.({ content: claimed.message.content, atNs: String(process.hrtime.bigint()) });
    inbox.settle(claimed);
  }
}

function takeBare(): void {
  for (const name of readdirSync(folder.inbox).filter((file) => file.endsWith('.json'))) {
    const taken = join(folder.claimed, name);
    renameSync(join(folder.inbox, name), taken);
    const { content } = JSON.parse(readFileSync(taken, 'utf8')) as { content: string };
    process.send?.({ content, atNs: String(process.hrtime.bigint()) });
  }
}

watchFolders([folder.inbox, facadeOf(root, seat).inbox], {
  onChange: kind === 'bare' ? takeBare : takeMailbox,
  rescanMs: 2_000,
  pollMs: 300,
});
process.send?.('ready');
