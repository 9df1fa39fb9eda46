import type { LimitReached, Used } from './managed-session.ts';
import type { Spending } from './turn-result.ts';

/**
 * What was spent, as limits count it. Tokens read from the cache are left out: they grow with every step, and cost a tenth
 * of the others.
 */
export function usedBy(
  { costUsd, inputTokens, outputTokens, cacheWriteTokens }: Spending,
  { turns, minutes = 0 }: { turns: number; minutes?: number },
): Used {
  return { costUsd, turns, minutes, tokens: inputTokens + outputTokens + cacheWriteTokens };
}

/** What is told of a limit, to the model and to a person. */
export function limitText({ limit, scope, allowed, used }: LimitReached): string {
  const whose = scope === 'turn' ? 'this turn' : 'this session';
  const [of, format] = WORDS[limit];
  return `The limit of ${whose} is reached: ${format(used)} of ${format(allowed)} ${of}.`;
}

/** An amount of what a limit counts, with its unit where it has one: `$0.0500`, `12`. */
export function amountText(limit: keyof Used, value: number): string {
  return WORDS[limit][1](value);
}

const WORDS: Readonly<Record<keyof Used, readonly [string, (value: number) => string]>> = {
  costUsd: ['spent', (value) => `$${value.toFixed(value < 1 ? 4 : 2)}`],
  turns: ['turns', (value) => String(value)],
  tokens: ['tokens', (value) => value.toLocaleString('en-US')],
  minutes: ['minutes', (value) => String(Math.round(value * 10) / 10)],
};
