import * as z from 'zod/mini';
import type { Message } from '../../protocol/message.ts';
import { type StateRecord, stateRecordSchema } from '../../protocol/receipt.ts';

const statesSchema = z.array(stateRecordSchema);

/** The states that the sender's copy of a message holds, in order; none for any other copy. */
export function stateRecordsOf(message: Message): readonly StateRecord[] {
  const parsed = statesSchema.safeParse(message['states']);
  return parsed.success ? parsed.data : [];
}
