import type * as z from 'zod/mini';
import { CahootsError } from '../protocol/errors.ts';

/** What a tool was called with, as its schema reads it. Throws `usage` with the key that is wrong. */
export function parseInput<Schema extends z.ZodMiniType>(schema: Schema, input: unknown): z.infer<Schema> {
  const parsed = schema.safeParse(input ?? {});
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0];
  throw new CahootsError(
    'usage',
    `The input is not as the tool needs it: ${issue?.path.join('.') ?? 'input'}: ${issue?.message ?? 'invalid'}.`,
    { remedy: 'Correct it and call again.' },
  );
}
