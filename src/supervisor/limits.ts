import type { Allowance, LimitReached, Used, WorkLimits } from '../protocol/managed-session.ts';
import type { Spending } from '../protocol/turn-result.ts';

export const NOTHING_USED: Used = { costUsd: 0, turns: 0, tokens: 0, minutes: 0 };

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

export function usedTogether(one: Used, other: Used): Used {
  return {
    costUsd: one.costUsd + other.costUsd,
    turns: one.turns + other.turns,
    tokens: one.tokens + other.tokens,
    minutes: one.minutes + other.minutes,
  };
}

/** The first limit that is used up, those of the turn before those of the session; undefined while there is room. */
export function limitReached(
  limits: WorkLimits,
  used: { readonly turn: Used; readonly session: Used },
): LimitReached | undefined {
  return reachedOf(limits.turn, used.turn, 'turn') ?? reachedOf(limits.session, used.session, 'session');
}

function reachedOf(allowance: Allowance, used: Used, scope: LimitReached['scope']): LimitReached | undefined {
  for (const limit of ORDER) {
    const allowed = allowance[limit];
    if (allowed !== undefined && used[limit] >= allowed) return { limit, scope, allowed, used: used[limit] };
  }
  return undefined;
}

const ORDER = ['costUsd', 'turns', 'tokens', 'minutes'] as const;

/** How long a turn that begins now may take; undefined without a limit of time. */
export function timeLeftMs(limits: WorkLimits, session: Used): number | undefined {
  const ofTurn = limits.turn.minutes ?? Number.POSITIVE_INFINITY;
  const ofSession = (limits.session.minutes ?? Number.POSITIVE_INFINITY) - session.minutes;
  const minutes = Math.min(ofTurn, ofSession);
  return Number.isFinite(minutes) ? Math.max(0, minutes * 60_000) : undefined;
}

/** What is told of a limit, to the model and to a person. */
export function limitText({ limit, scope, allowed, used }: LimitReached): string {
  const whose = scope === 'turn' ? 'this turn' : 'this session';
  const [of, format] = WORDS[limit];
  return `The limit of ${whose} is reached: ${format(used)} of ${format(allowed)} ${of}.`;
}

const WORDS: Readonly<Record<keyof Used, readonly [string, (value: number) => string]>> = {
  costUsd: ['spent', (value) => `$${value.toFixed(value < 1 ? 4 : 2)}`],
  turns: ['turns', (value) => String(value)],
  tokens: ['tokens', (value) => value.toLocaleString('en-US')],
  minutes: ['minutes', (value) => String(Math.round(value * 10) / 10)],
};
