import type { LimitReached, PromptOutcome, Used } from '../protocol/managed-session.ts';
import type { TurnResult } from '../protocol/turn-result.ts';
import { NOTHING_USED, usedBy } from './limits.ts';

/** What an earlier go at a prompt has used. */
export function usedInTurn(turn: TurnResult | undefined): Used {
  if (turn === undefined) return NOTHING_USED;
  return usedBy(turn.spent, { turns: turn.steps, minutes: turn.durationMs / 60_000 });
}

/** How a prompt ended whose turn came to that. */
export function outcomeOf(turn: TurnResult, reached: LimitReached | undefined): PromptOutcome {
  // What came to its end all the same is whole, whatever was reached meanwhile.
  if (turn.status === 'completed') return { outcome: 'completed' };
  if (reached !== undefined) return { outcome: 'limit-reached', reached };
  return turn.status === 'failed' ? { outcome: 'failed', failure: turn.failure } : { outcome: 'interrupted' };
}
