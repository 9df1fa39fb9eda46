/** Why a request to the model, or a whole turn, came to nothing. `usage-limit`: the plan's allowance is used up. */
export type AgentFailureKind =
  | 'usage-limit'
  | 'rate-limit'
  | 'overloaded'
  | 'authentication'
  | 'billing'
  | 'invalid-request'
  | 'server'
  | 'connection'
  | 'malformed-answer'
  | 'agent-ended'
  | 'other';

export interface AgentFailure {
  readonly kind: AgentFailureKind;
  /** What the agent said of it. */
  readonly message: string;
  /** The HTTP status, where there was one. */
  readonly status?: number;
  /** When a used-up allowance is there again, in milliseconds since the epoch. */
  readonly resetsAtMs?: number;
}

/** What was used, as the agent's own accounting has it: an estimate, not a bill. */
export interface Spending {
  readonly costUsd: number;
  readonly inputTokens: number;
  readonly outputTokens: number;
  readonly cacheReadTokens: number;
  readonly cacheWriteTokens: number;
}

/** A tool call that did not run, and why. */
export interface ToolDenial {
  readonly tool: string;
  readonly input: Readonly<Record<string, unknown>>;
  readonly reason: string;
}

/** What is told of every turn, however it ended. */
export interface TurnFacts {
  /** What the agent said last; what it had said so far where the turn did not come to its end. */
  readonly text: string;
  /** Answers of the model in the main conversation. */
  readonly steps: number;
  /** Of this turn alone. */
  readonly spent: Spending;
  readonly denials: readonly ToolDenial[];
  /** Calls that ran, by the tool's name. */
  readonly toolsUsed: Readonly<Record<string, number>>;
  readonly durationMs: number;
}

/** How a turn ended. */
export type TurnResult =
  | (TurnFacts & { readonly status: 'completed' | 'interrupted' })
  | (TurnFacts & { readonly status: 'failed'; readonly failure: AgentFailure });

export const NOTHING_SPENT: Spending = {
  costUsd: 0,
  inputTokens: 0,
  outputTokens: 0,
  cacheReadTokens: 0,
  cacheWriteTokens: 0,
};

/** What was used between two running totals; a total that went down was begun anew, and counts from zero. */
export function spentBetween(before: Spending, after: Spending): Spending {
  const since = (key: keyof Spending): number =>
    after[key] < before[key] ? after[key] : after[key] - before[key];
  return {
    costUsd: since('costUsd'),
    inputTokens: since('inputTokens'),
    outputTokens: since('outputTokens'),
    cacheReadTokens: since('cacheReadTokens'),
    cacheWriteTokens: since('cacheWriteTokens'),
  };
}

/** What was used in two spans of time together. */
export function spentTogether(one: Spending, other: Spending): Spending {
  return {
    costUsd: one.costUsd + other.costUsd,
    inputTokens: one.inputTokens + other.inputTokens,
    outputTokens: one.outputTokens + other.outputTokens,
    cacheReadTokens: one.cacheReadTokens + other.cacheReadTokens,
    cacheWriteTokens: one.cacheWriteTokens + other.cacheWriteTokens,
  };
}
