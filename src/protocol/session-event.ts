import * as z from 'zod/mini';
import { isSeatId, type SeatId } from './ids.ts';
import { managedSessionSchema, promptRecordSchema } from './managed-session.ts';
import { agentFailureSchema, turnResultSchema } from './turn-result.ts';

const text = z.string();
const count = z.number();
const flag = z.boolean();

const agentEventSchema = z.discriminatedUnion('type', [
  z.readonly(z.object({ type: z.literal('session:described'), version: text, model: text })),
  z.readonly(z.object({ type: z.literal('text:said'), text, bySubagent: flag })),
  z.readonly(
    z.object({
      type: z.literal('tool:called'),
      call: z.readonly(
        z.object({ id: text, tool: text, input: z.readonly(z.record(text, z.unknown())), bySubagent: flag }),
      ),
    }),
  ),
  z.readonly(z.object({ type: z.literal('tool:returned'), callId: text, text, isError: flag })),
  z.readonly(
    z.object({
      type: z.literal('request:retried'),
      failure: agentFailureSchema,
      attempt: count,
      attempts: count,
      delayMs: count,
    }),
  ),
  z.readonly(z.object({ type: z.literal('conversation:changed'), conversation: text })),
  z.readonly(z.object({ type: z.literal('turn:unasked'), result: turnResultSchema })),
]);

export const sessionEventSchema = z.discriminatedUnion('type', [
  z.readonly(z.object({ type: z.literal('session:changed'), session: managedSessionSchema })),
  z.readonly(z.object({ type: z.literal('prompt:changed'), prompt: promptRecordSchema })),
  z.readonly(
    z.object({
      type: z.literal('agent:acted'),
      session: z.custom<SeatId>(isSeatId, { error: 'expected six characters of [a-z0-9]' }),
      event: agentEventSchema,
    }),
  ),
]);
/** What who watches managed sessions is told. */
export type WatchedSessionEvent = z.infer<typeof sessionEventSchema>;
