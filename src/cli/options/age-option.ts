import { CahootsError } from '../../protocol/errors.ts';
import type { Call } from '../command.ts';

const UNITS: Readonly<Record<string, number>> = { d: 86_400_000, h: 3_600_000, m: 60_000, '': 86_400_000 };

/** An age that an option gives, in milliseconds: `30` and `30d` are days, `12h` hours, `45m` minutes. Throws `usage`. */
export function ageOption(call: Pick<Call, 'option'>, name: string): number {
  const text = call.option(name);
  const [, amount, unit = ''] = /^(\d{1,6})([dhm]?)$/.exec(text ?? '') ?? [];
  const unitMs = UNITS[unit];
  if (amount !== undefined && unitMs !== undefined) return Number(amount) * unitMs;
  const what =
    text === undefined ? `--${name} is missing` : `--${name} is "${text.slice(0, 80)}", which is no age`;
  throw new CahootsError('usage', `${what}.`, {
    remedy: `Give days, hours or minutes, such as --${name} 30, --${name} 12h or --${name} 45m.`,
    facts: { option: name, got: text ?? null },
  });
}
