import type { WantedLimits } from '../../client/sessions/sessions.ts';
import { CahootsError } from '../../protocol/errors.ts';
import type { Allowance } from '../../protocol/managed-session.ts';
import type { Call, OptionSpec } from '../command.ts';

interface LimitWord {
  readonly limit: keyof Allowance;
  readonly value: string;
  readonly what: string;
  readonly isWhole: boolean;
}

const WORDS: Readonly<Record<string, LimitWord>> = {
  cost: { limit: 'costUsd', value: 'usd', what: 'what it may cost', isWhole: false },
  turns: { limit: 'turns', value: 'n', what: 'how many answers of the model it may take', isWhole: true },
  tokens: {
    limit: 'tokens',
    value: 'n',
    what: 'how many tokens it may use, cache reads left out',
    isWhole: true,
  },
  minutes: { limit: 'minutes', value: 'n', what: 'how long it may work', isWhole: false },
};

/** The limits of a session, `--max-…`, and of each of its prompts, `--turn-max-…`. */
export const LIMIT_OPTIONS: readonly OptionSpec[] = [
  ...Object.entries(WORDS).map(([word, { value, what }]) => ({
    name: `max-${word}`,
    value,
    summary: `limit of the session: ${what}, over all of its life`,
  })),
  ...Object.entries(WORDS).map(([word, { value, what }]) => ({
    name: `turn-max-${word}`,
    value,
    summary: `limit of each prompt: ${what}`,
  })),
];

/** The limits that a call names. Throws `usage` for what is no such amount. */
export function limitsFrom(call: Pick<Call, 'option'>): WantedLimits {
  return { session: allowanceFrom(call, 'max'), turn: allowanceFrom(call, 'turn-max') };
}

function allowanceFrom(call: Pick<Call, 'option'>, prefix: string): Allowance {
  const given = Object.entries(WORDS).flatMap(([word, { limit, isWhole }]) => {
    const text = call.option(`${prefix}-${word}`);
    return text === undefined ? [] : [[limit, amountOf(text, { option: `${prefix}-${word}`, isWhole })]];
  });
  return Object.fromEntries(given) as Allowance;
}

function amountOf(text: string, { option, isWhole }: { option: string; isWhole: boolean }): number {
  const pattern = isWhole ? /^\d{1,12}$/ : /^\d{1,9}(\.\d{1,6})?$/;
  const amount = pattern.test(text) ? Number(text) : 0;
  if (amount > 0) return amount;
  throw new CahootsError('usage', `--${option} is "${text.slice(0, 80)}", which is no such amount.`, {
    remedy: `Give a ${isWhole ? 'whole ' : ''}number above 0, such as --${option} ${isWhole ? '20' : '1.5'}.`,
    facts: { option, got: text },
  });
}
