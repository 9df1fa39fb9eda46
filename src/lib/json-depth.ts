/** Deepest nesting of JSON that is read: any depth can be parsed, but not every one can be written again. */
export const MAX_DEPTH = 32;

/**
 * Whether a parsed value is nested more than `levels` deep. Looks no deeper than that: a reader that calls itself for
 * each level of such a value is what it is meant to break.
 */
export function isDeeperThan(value: unknown, levels: number): boolean {
  if (levels < 0) return true;
  if (typeof value !== 'object' || value === null) return false;
  return Object.values(value as Readonly<Record<string, unknown>>).some((inner) =>
    isDeeperThan(inner, levels - 1),
  );
}
