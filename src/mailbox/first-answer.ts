import { readFileSync } from 'node:fs';
import { placeExclusive } from '../lib/atomic-write.ts';
import { unlessGone } from '../lib/errno.ts';
import { isMessageId, type MessageId } from '../protocol/ids.ts';
import { pastPath, pastPathForWriting } from './past.ts';
import type { SeatFolder } from './seat-folder.ts';
import { storing } from './storage-error.ts';

/** The response that came first to a query of this seat; undefined while none has. */
export function firstAnswerTo(folder: SeatFolder, query: MessageId): MessageId | undefined {
  const text = unlessGone(() => readFileSync(markOf(pastPath(folder.outbox, query)), 'utf8'), '');
  return isMessageId(text) ? text : undefined;
}

/** Remembers which response came first to a query; the first one that is noted stays. Throws a storage error. */
export function noteFirstAnswer(folder: SeatFolder, query: MessageId, response: MessageId): void {
  storing(`The answer to ${query} could not be noted`, () => {
    placeExclusive(markOf(pastPathForWriting(folder.outbox, query)), response, { flush: false });
  });
}

function markOf(path: string): string {
  return path.replace(/json$/, 'answer');
}
