import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { unlessGone } from '../lib/errno.ts';
import { readUnlessForbidden } from '../lib/read-regular.ts';
import type { MessageId } from '../protocol/ids.ts';
import { parseJson } from '../protocol/json.ts';
import { MAX_MESSAGE_FILE_BYTES, type Message, messageSchema } from '../protocol/message.ts';
import { parseClaimName } from './claim-name.ts';
import { readPast } from './past.ts';
import type { SeatFolder } from './seat-folder.ts';

export type MessagePlace = 'inbox' | 'claimed' | 'read' | 'rejected' | 'outbox';

export interface FoundMessage {
  readonly message: Message;
  readonly place: MessagePlace;
}

/** A message that a seat received, wherever it is by now: waiting, taken, handled or rejected. */
export function findReceived(folder: SeatFolder, id: MessageId): FoundMessage | undefined {
  // In the order in which a message moves, so that one that moves meanwhile is not missed.
  return (
    found(readMessage(join(folder.inbox, `${id}.json`)), 'inbox') ??
    found(readClaimed(folder, id), 'claimed') ??
    found(parsePast(folder.read, id), 'read') ??
    found(parsePast(folder.rejected, id), 'rejected')
  );
}

/** A message that a seat sent. */
export function findSent(folder: SeatFolder, id: MessageId): FoundMessage | undefined {
  return found(parsePast(folder.outbox, id), 'outbox');
}

function found(message: Message | undefined, place: MessagePlace): FoundMessage | undefined {
  return message === undefined ? undefined : { message, place };
}

function readClaimed(folder: SeatFolder, id: MessageId): Message | undefined {
  const name = unlessGone(() => readdirSync(folder.claimed), []).find(
    (file) => parseClaimName(file)?.id === id,
  );
  return name === undefined ? undefined : readMessage(join(folder.claimed, name));
}

function readMessage(path: string): Message | undefined {
  const file = readUnlessForbidden(path, MAX_MESSAGE_FILE_BYTES);
  return file.kind === 'text' ? parseJson(file.text, messageSchema) : undefined;
}

function parsePast(folder: string, id: MessageId): Message | undefined {
  const parsed = messageSchema.safeParse(readPast(folder, id));
  return parsed.success ? parsed.data : undefined;
}
