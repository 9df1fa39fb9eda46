import { readdirSync, readFileSync, renameSync } from 'node:fs';
import { join } from 'node:path';
import { listPeers } from '../../src/directory/peers.ts';
import { placeExclusive } from '../../src/lib/atomic-write.ts';
import { isoMillis, systemClock } from '../../src/lib/clock.ts';
import { unlessGone } from '../../src/lib/errno.ts';
import { thisProcess } from '../../src/lib/process-identity.ts';
import { Inbox } from '../../src/mailbox/inbox.ts';
import { post } from '../../src/mailbox/post.ts';
import { foldReceipts, recordState } from '../../src/mailbox/receipts.ts';
import { seatFolder } from '../../src/mailbox/seat-folder.ts';
import { newMessageId, type SeatId } from '../../src/protocol/ids.ts';
import type { LoadJob } from './job.ts';

/** One end of a transport: sends one message, and takes all that wait, each exactly once. */
export interface End {
  /** Returns the message's id once it is flushed at its receiver's. */
  send(to: SeatId, content: string): string;
  take(onMessage: (id: string, content: string) => void): void;
  /** What a session does now and then besides. */
  housekeep(): void;
}

/** The end of a job's transport at its seat. */
export function endOf(job: LoadJob): End {
  return job.transport === 'mailbox' ? mailboxEnd(job) : bareEnd(job);
}

function mailboxEnd({ root, seat, mixed }: LoadJob): End {
  const folder = seatFolder(root, seat);
  const owner = { process: thisProcess(), generation: 0 };
  const inbox = new Inbox({ root, folder, owner, clock: systemClock, expiresAfterMs: 1e9 });
  return {
    send: (to, content) =>
      post({ root, clock: systemClock }, folder, { to, type: 'note', content, metadata: {} }).id,
    take(onMessage) {
      for (const { id } of inbox.pending()) {
        const claimed = inbox.claim(id);
        if (claimed === undefined) continue;
        onMessage(id, claimed.message.content);
        inbox.settle(claimed);
        if (mixed) {
          const at = isoMillis(Date.now());
          recordState(root, claimed.message, { state: 'seen', at, by: seat });
        }
      }
    },
    housekeep() {
      foldReceipts(folder);
      listPeers(root, Date.now());
    },
  };
}

/** A flushed file that gets its name in the receiver's folder, and is renamed by whoever takes it. Nothing else. */
function bareEnd({ root, seat }: LoadJob): End {
  const own = seatFolder(root, seat);
  return {
    send(to, content) {
      const id = newMessageId();
      const text = JSON.stringify({ content });
      placeExclusive(join(seatFolder(root, to).inbox, `${id}.json`), text, { flush: true });
      return id;
    },
    take(onMessage) {
      for (const name of readdirSync(own.inbox)) {
        if (!name.endsWith('.json')) continue;
        const taken = join(own.claimed, name);
        unlessGone(() => renameSync(join(own.inbox, name), taken), undefined);
        const { content } = JSON.parse(readFileSync(taken, 'utf8')) as { content: string };
        onMessage(name.slice(0, -'.json'.length), content);
      }
    },
    housekeep: () => undefined,
  };
}
