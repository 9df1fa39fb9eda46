import type * as z from 'zod/mini';
import { isDeeperThan, MAX_DEPTH } from '../lib/json-depth.ts';

/** Parses JSON that another process wrote; undefined for what is not JSON of that schema, or too deep to be written again. */
export function parseJson<Schema extends z.ZodMiniType>(
  text: string,
  schema: Schema,
): z.infer<Schema> | undefined {
  let raw: unknown;
  try {
    raw = JSON.parse(text);
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
  if (isDeeperThan(raw, MAX_DEPTH)) return undefined;
  const parsed = schema.safeParse(raw);
  return parsed.success ? parsed.data : undefined;
}
