import * as z from 'zod/mini';
import { PRESETS_TO_GIVE } from './managed-tools.ts';

const positive = z.optional(z.number().check(z.positive()));
const count = z.optional(z.int().check(z.positive()));

export const spawnInput = z.object({
  name: z.string(),
  prompt: z.optional(z.string()),
  cwd: z.optional(z.string()),
  preset: z.optional(z.enum(PRESETS_TO_GIVE)),
  model: z.optional(z.string()),
  limits: z.optional(z.strictObject({ costUsd: positive, turns: count, tokens: count, minutes: positive })),
  wait_seconds: z.optional(z.number()),
});
export const sendMessageInput = z.object({
  session: z.string(),
  text: z.string(),
  wait_seconds: z.optional(z.number()),
});
export const listInput = z.object({ session: z.optional(z.string()) });
export const sessionInput = z.object({ session: z.string() });
