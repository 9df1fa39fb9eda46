import { CahootsError } from '../../protocol/errors.ts';
import type { Call } from '../command.ts';

const MAX_SECONDS = 7 * 24 * 60 * 60;

/** A duration that an option gives in seconds, in milliseconds; undefined when it was not given. Throws `usage`. */
export function secondsOption(call: Pick<Call, 'option'>, name: string): number | undefined {
  const text = call.option(name);
  if (text === undefined) return undefined;
  const seconds = /^\d+(\.\d+)?$/.test(text) ? Number(text) : Number.NaN;
  if (seconds <= MAX_SECONDS) return Math.round(seconds * 1000);
  throw new CahootsError('usage', `--${name} is "${text.slice(0, 80)}", which is no number of seconds.`, {
    remedy: `Give seconds from 0 to ${MAX_SECONDS} (a week), such as --${name} 90 or --${name} 0.5.`,
    facts: { option: name, got: text },
  });
}

/** A count that an option gives. Throws `usage`. */
export function countOption(call: Pick<Call, 'option'>, name: string): number | undefined {
  const text = call.option(name);
  if (text === undefined) return undefined;
  const count = /^\d{1,6}$/.test(text) ? Number(text) : 0;
  if (count > 0) return count;
  throw new CahootsError('usage', `--${name} is "${text.slice(0, 80)}", which is no count.`, {
    remedy: `Give a whole number from 1 to 999999, such as --${name} 50.`,
    facts: { option: name, got: text },
  });
}
