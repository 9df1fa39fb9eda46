import { join } from 'node:path';
import { placeExclusive } from '../lib/atomic-write.ts';
import { type Clock, isoSeconds } from '../lib/clock.ts';
import { type MessageId, messageIdFor } from '../protocol/ids.ts';
import { MESSAGE_FORMAT, type Message } from '../protocol/message.ts';
import { isPast } from './past.ts';
import type { SeatFolder } from './seat-folder.ts';
import { storing } from './storage-error.ts';

export interface Notice {
  /** What it is about: for the same reason it is left once, however often it is asked for. */
  readonly reason: string;
  readonly content: string;
  /** The message of this seat that it is about. */
  readonly about: MessageId | null;
  readonly metadata?: Readonly<Record<string, unknown>>;
}

/**
 * Leaves a notice in a seat's own mailbox, for whoever sits there. It waits, is offered and proved like any message; no
 * peer is involved. Throws a storage error.
 */
export function leaveNotice(clock: Clock, folder: SeatFolder, notice: Notice): void {
  const id = messageIdFor(`${folder.id} ${notice.reason}`);
  if (isPast(folder.read, id) || isPast(folder.rejected, id)) return;
  const message: Message = {
    id,
    from: folder.id,
    to: folder.id,
    type: 'notice',
    timestamp: isoSeconds(clock.now()),
    status: 'pending',
    content: notice.content,
    inReplyTo: notice.about,
    metadata: { urgency: 'normal', fromProject: 'cahoots', fromName: 'cahoots', ...notice.metadata },
    format: MESSAGE_FORMAT,
  };
  storing(`The notice ${id} could not be left`, () => {
    placeExclusive(join(folder.inbox, `${id}.json`), `${JSON.stringify(message, null, 2)}\n`, {
      flush: true,
    });
  });
}
