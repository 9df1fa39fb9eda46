import * as z from 'zod/mini';

const text = z.string();
const count = z.int().check(z.nonnegative());
const amount = z.number().check(z.nonnegative());
const anything = z.record(text, z.unknown());

const AGENT_FAILURE_KINDS = [
  'usage-limit',
  'rate-limit',
  'overloaded',
  'authentication',
  'billing',
  'invalid-request',
  'server',
  'connection',
  'malformed-answer',
  'agent-ended',
  'other',
] as const;
/** Why a request to the model, or a whole turn, came to nothing. `usage-limit`: the plan's allowance is used up. */
export type AgentFailureKind = (typeof AGENT_FAILURE_KINDS)[number];

export const agentFailureSchema = z.readonly(
  z.object({
    kind: z.enum(AGENT_FAILURE_KINDS),
    /** What the agent said of it. */
    message: text,
    /** The HTTP status, where there was one. */
    status: z.optional(z.int()),
    /** When a used-up allowance is there again, in milliseconds since the epoch. */
    resetsAtMs: z.optional(z.number()),
  }),
);
export type AgentFailure = z.infer<typeof agentFailureSchema>;

export const spendingSchema = z.readonly(
  z.object({
    costUsd: amount,
    inputTokens: count,
    outputTokens: count,
    cacheReadTokens: count,
    cacheWriteTokens: count,
  }),
);
/** What was used, as the agent's own accounting has it: an estimate, not a bill. */
export type Spending = z.infer<typeof spendingSchema>;

const toolDenialSchema = z.readonly(z.object({ tool: text, input: z.readonly(anything), reason: text }));
/** A tool call that did not run, and why. */
export type ToolDenial = z.infer<typeof toolDenialSchema>;

const facts = {
  /** What the agent said last; what it had said so far where the turn did not come to its end. */
  text,
  /** Answers of the model in the main conversation. */
  steps: count,
  /** Of this turn alone. */
  spent: spendingSchema,
  denials: z.readonly(z.array(toolDenialSchema)),
  /** Calls that ran, by the tool's name. */
  toolsUsed: z.readonly(z.record(text, count)),
  durationMs: amount,
};
const turnFactsSchema = z.readonly(z.object(facts));
/** What is told of every turn, however it ended. */
export type TurnFacts = z.infer<typeof turnFactsSchema>;

export const turnResultSchema = z.union([
  z.readonly(z.object({ ...facts, status: z.enum(['completed', 'interrupted']) })),
  z.readonly(z.object({ ...facts, status: z.literal('failed'), failure: agentFailureSchema })),
]);
/** How a turn ended. */
export type TurnResult = z.infer<typeof turnResultSchema>;

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

/** What came of a prompt in two goes together: the later one says how it ended. */
export function turnsTogether(before: TurnResult | undefined, turn: TurnResult): TurnResult {
  if (before === undefined) return turn;
  const toolsUsed = { ...before.toolsUsed };
  for (const [tool, count] of Object.entries(turn.toolsUsed))
    toolsUsed[tool] = (toolsUsed[tool] ?? 0) + count;
  return {
    ...turn,
    steps: before.steps + turn.steps,
    spent: spentTogether(before.spent, turn.spent),
    denials: [...before.denials, ...turn.denials],
    toolsUsed,
    durationMs: before.durationMs + turn.durationMs,
  };
}
