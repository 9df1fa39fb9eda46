import type { Allowance, LimitReached, Used, WorkLimits } from '../protocol/managed-session.ts';

export { limitText, usedBy } from '../protocol/used.ts';

export const NOTHING_USED: Used = { costUsd: 0, turns: 0, tokens: 0, minutes: 0 };

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

/** Whether money or tokens are limited: what is known of them has to be asked for. */
export function limitsSpending({ session, turn }: WorkLimits): boolean {
  return [session, turn].some(({ costUsd, tokens }) => costUsd !== undefined || tokens !== undefined);
}

/** How long a turn that goes on now may still take, after what was used by then; undefined without a limit of time. */
export function timeLeftMs(
  limits: WorkLimits,
  { turn, session }: { readonly turn: Used; readonly session: Used },
): number | undefined {
  const ofTurn = (limits.turn.minutes ?? Number.POSITIVE_INFINITY) - turn.minutes;
  const ofSession = (limits.session.minutes ?? Number.POSITIVE_INFINITY) - session.minutes;
  const minutes = Math.min(ofTurn, ofSession);
  return Number.isFinite(minutes) ? Math.max(0, minutes * 60_000) : undefined;
}
