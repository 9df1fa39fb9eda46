import { CahootsError } from '../../protocol/errors.ts';
import type { Call } from '../command.ts';

const UNIT_MS: Readonly<Record<string, number>> = {
  s: 1_000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
  w: 7 * 86_400_000,
};
const MAX_MS = 100 * 366 * 86_400_000;

/** A duration such as `30d` or `12h` that an option gives, in milliseconds; undefined when it was not given. Throws `usage`. */
export function durationOption(call: Pick<Call, 'option'>, name: string): number | undefined {
  const text = call.option(name);
  if (text === undefined) return undefined;
  const ms = durationOf(text);
  if (ms !== undefined) return ms;
  throw new CahootsError('usage', `--${name} is "${text.slice(0, 80)}", which is not a duration.`, {
    remedy: `Give a number with s, m, h, d or w, such as --${name} 30d or --${name} 12h.`,
    facts: { option: name, got: text },
  });
}

/** Like {@link durationOption}, for an option that has to be given. */
export function requiredDurationOption(call: Pick<Call, 'option'>, name: string): number {
  const ms = durationOption(call, name);
  if (ms !== undefined) return ms;
  throw new CahootsError('usage', `--${name} is missing.`, {
    remedy: `Give a number with s, m, h, d or w, such as --${name} 30d or --${name} 12h.`,
    facts: { option: name, got: null },
  });
}

/**
 * A moment that an option gives, in milliseconds since the epoch: a date or time (local, unless it names a zone), or a
 * duration before `nowMs`. A date alone is its first moment, or with `end` its last. Throws `usage`.
 */
export function momentOption(
  call: Pick<Call, 'option'>,
  name: string,
  { nowMs, end = false }: { nowMs: number; end?: boolean },
): number | undefined {
  const text = call.option(name);
  if (text === undefined) return undefined;
  const agoMs = durationOf(text);
  const atMs = agoMs === undefined ? dateOf(text, end) : nowMs - agoMs;
  if (atMs !== undefined) return Math.max(0, atMs);
  throw new CahootsError('usage', `--${name} is "${text.slice(0, 80)}", which is not a time.`, {
    remedy: `Give a date, a time or how long ago, such as --${name} 2026-01-31, --${name} 2026-01-31T14:00 or --${name} 2h.`,
    facts: { option: name, got: text },
  });
}

function durationOf(text: string): number | undefined {
  const [, count, unit = ''] = /^(\d{1,9}(?:\.\d{1,3})?)([smhdw])$/.exec(text) ?? [];
  const ms = Math.round(Number(count) * (UNIT_MS[unit] ?? Number.NaN));
  return ms <= MAX_MS ? ms : undefined;
}

function dateOf(text: string, end: boolean): number | undefined {
  const [, date, time = ''] =
    /^(\d{4}-\d\d-\d\d)(T\d\d:\d\d(?::\d\d(?:\.\d{1,3})?)?(?:Z|[+-]\d\d:\d\d)?)?$/.exec(text) ?? [];
  if (date === undefined) return undefined;
  // A date without a time would be taken for one of Greenwich.
  const atMs = Date.parse(`${date}${time || (end ? 'T23:59:59.999' : 'T00:00')}`);
  return Number.isNaN(atMs) ? undefined : atMs;
}
