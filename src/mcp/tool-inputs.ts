import * as z from 'zod/mini';
import { WORK_STEPS } from '../protocol/message.ts';
import { SEAT_ACTIONS } from './tools.ts';

export const peersInput = z.object({});
export const askInput = z.object({
  peer: z.string(),
  question: z.string(),
  wait_seconds: z.optional(z.number()),
  request: z.optional(z.boolean()),
});
export const replyInput = z.object({
  id: z.string(),
  text: z.string(),
  step: z.optional(z.enum(WORK_STEPS)),
});
export const sendInput = z.object({ peer: z.string(), text: z.string() });
export const listenInput = z.object({ wait_seconds: z.optional(z.number()) });
export const inboxInput = z.object({ id: z.optional(z.string()), page: z.optional(z.int()) });
export const seatInput = z.object({ action: z.enum(SEAT_ACTIONS), value: z.optional(z.string()) });
/** What the host's hooks pass; see `plugin/hooks/hooks.json`. */
export const hookInput = z.object({
  event: z.string(),
  conversation: z._default(z.string(), ''),
  transcript: z._default(z.string(), ''),
  permission_mode: z._default(z.string(), ''),
  agent: z._default(z.string(), ''),
  tool_use: z._default(z.string(), ''),
  prompt: z._default(z.string(), ''),
  calls: z._default(z.string(), ''),
});

/** Any of the schemas above. */
export type ToolInput = z.ZodMiniType;
