import * as z from 'zod/mini';
import { isMessageId, isSeatId, type MessageId, type SeatId } from './ids.ts';
import { agentFailureSchema, spendingSchema, turnResultSchema } from './turn-result.ts';

const text = z.string();
const time = z.number();
const positive = z.number().check(z.positive());
const positiveCount = z.int().check(z.positive());
const seatId = z.custom<SeatId>(isSeatId, { error: 'expected six characters of [a-z0-9]' });
const messageId = z.custom<MessageId>(isMessageId, { error: 'expected msg- and letters or digits' });

export const allowanceSchema = z.readonly(
  z.strictObject({
    costUsd: z.optional(positive),
    /** Answers of the model, as the `--max-turns` of Claude Code counts them. */
    turns: z.optional(positiveCount),
    /** Input, output and what is written to the cache; what is read from it is not counted. */
    tokens: z.optional(positiveCount),
    minutes: z.optional(positive),
  }),
);
/** What a session or one of its turns may use; what is left out is not limited. */
export type Allowance = z.infer<typeof allowanceSchema>;

export const workLimitsSchema = z.readonly(
  z.strictObject({ session: allowanceSchema, turn: allowanceSchema }),
);
/** The limits of a managed session: for all of its life, and for each prompt. */
export type WorkLimits = z.infer<typeof workLimitsSchema>;

/** What has been used of an {@link Allowance}. */
export interface Used {
  readonly costUsd: number;
  readonly turns: number;
  readonly tokens: number;
  readonly minutes: number;
}

const limitReachedSchema = z.readonly(
  z.object({
    limit: z.enum(['costUsd', 'turns', 'tokens', 'minutes']),
    scope: z.enum(['session', 'turn']),
    allowed: z.number(),
    used: z.number(),
  }),
);
/** A limit that was reached, and what stood against it. */
export type LimitReached = z.infer<typeof limitReachedSchema>;

const promptOutcomeSchema = z.discriminatedUnion('outcome', [
  z.readonly(z.object({ outcome: z.enum(['completed', 'interrupted']) })),
  z.readonly(z.object({ outcome: z.literal('limit-reached'), reached: limitReachedSchema })),
  z.readonly(z.object({ outcome: z.literal('failed'), failure: agentFailureSchema })),
  /** The session was stopped, deleted or lost before its turn came. */
  z.readonly(z.object({ outcome: z.literal('dropped'), reason: text })),
]);
/** How a prompt to a managed session ended. */
export type PromptOutcome = z.infer<typeof promptOutcomeSchema>;

export const promptRecordSchema = z.readonly(
  z.object({
    id: text,
    session: seatId,
    /** Who asks: a seat, or a person or script at the command line. */
    from: text,
    text,
    /** It is a command of the agent's own, such as /compact. Without this a text that looks like one is text. */
    command: z.optional(z.literal(true)),
    /** The messages that it was made of, where it came by mail. */
    messages: z.optional(z.readonly(z.array(messageId))),
    acceptedAtMs: time,
    startedAtMs: z.optional(time),
    endedAtMs: z.optional(time),
    ended: z.optional(promptOutcomeSchema),
    /** The agent's account of the turn, where there was one. */
    turn: z.optional(turnResultSchema),
  }),
);
/** What a managed session is told, and what came of it. */
export type PromptRecord = z.infer<typeof promptRecordSchema>;
/** A prompt as it is given to a session. */
export type NewPrompt = Pick<PromptRecord, 'text' | 'from' | 'command' | 'messages'>;

const sessionStateSchema = z.discriminatedUnion('state', [
  z.readonly(z.object({ state: z.enum(['starting', 'idle', 'paused', 'stopping', 'stopped']) })),
  /** `pauses`: it is paused once the turn is over. */
  z.readonly(z.object({ state: z.literal('running'), prompt: text, pauses: z.boolean() })),
  /** In the middle of a turn, for somebody's word. */
  z.readonly(z.object({ state: z.literal('waiting'), prompt: text, pauses: z.boolean(), for: text })),
  /** The plan's allowance is used up; it goes on by itself. */
  z.readonly(z.object({ state: z.literal('limited'), resetsAtMs: time })),
  z.readonly(z.object({ state: z.literal('failed'), failure: agentFailureSchema })),
  /** Its daemon ended without it. */
  z.readonly(z.object({ state: z.literal('interrupted') })),
]);
/**
 * The state of a managed session.
 *
 * ```text
 *             ┌────────── resume ───────────┐
 *             ▼                             │
 *  ─▶ starting ──▶ idle ⇄ running ──▶ stopping ──▶ stopped
 *                   ⇅        ⇅ ╲
 *                 paused  waiting limited        failed, interrupted: ended without being asked to
 * ```
 */
export type SessionState = z.infer<typeof sessionStateSchema>;

export type SessionStateName = SessionState['state'];

export const managedSessionSchema = z.readonly(
  z.object({
    id: seatId,
    name: text,
    agent: text,
    /** The one that its agent is in now. */
    conversation: text,
    /** The one that its process was started in, where its agent has left that since. */
    startedIn: z.optional(text),
    cwd: text,
    preset: text,
    model: z.optional(text),
    system: z.optional(text),
    limits: workLimitsSchema,
    state: sessionStateSchema,
    /** Over all of its life, through every process. */
    spent: spendingSchema,
    turns: z.int(),
    activeMs: z.number(),
    createdAtMs: time,
    changedAtMs: time,
    /** The seat whose conversation it began as a copy of. */
    forkOf: z.optional(text),
  }),
);
/** A managed session as it is kept and shown. */
export type ManagedSessionRecord = z.infer<typeof managedSessionSchema>;
