import type { SeatId } from './ids.ts';
import type { AgentFailure, Spending, TurnResult } from './turn-result.ts';

/** What a session or one of its turns may use; what is left out is not limited. Each is above zero. */
export interface Allowance {
  readonly costUsd?: number;
  /** Answers of the model, as the `--max-turns` of Claude Code counts them. */
  readonly turns?: number;
  /** Input, output and what is written to the cache; what is read from it is not counted. */
  readonly tokens?: number;
  readonly minutes?: number;
}

/** The limits of a managed session: for all of its life, and for each prompt. */
export interface WorkLimits {
  readonly session: Allowance;
  readonly turn: Allowance;
}

/** What has been used of an {@link Allowance}. */
export interface Used {
  readonly costUsd: number;
  readonly turns: number;
  readonly tokens: number;
  readonly minutes: number;
}

/** A limit that was reached, and what stood against it. */
export interface LimitReached {
  readonly limit: keyof Used;
  readonly scope: 'session' | 'turn';
  readonly allowed: number;
  readonly used: number;
}

/** How a prompt to a managed session ended. */
export type PromptOutcome =
  | { readonly outcome: 'completed' | 'interrupted' }
  | { readonly outcome: 'limit-reached'; readonly reached: LimitReached }
  | { readonly outcome: 'failed'; readonly failure: AgentFailure }
  /** The session was stopped, deleted or lost before its turn came. */
  | { readonly outcome: 'dropped'; readonly reason: string };

/** What a managed session is told, and what came of it. */
export interface PromptRecord {
  readonly id: string;
  readonly session: SeatId;
  /** Who asks: a seat, or a person or script at the command line. */
  readonly from: string;
  readonly text: string;
  readonly acceptedAtMs: number;
  readonly startedAtMs?: number;
  readonly endedAtMs?: number;
  readonly ended?: PromptOutcome;
  /** The agent's account of the turn, where there was one. */
  readonly turn?: TurnResult;
}

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
export type SessionState =
  | { readonly state: 'starting' | 'idle' | 'paused' | 'stopping' | 'stopped' }
  /** `pauses`: it is paused once the turn is over. */
  | { readonly state: 'running'; readonly prompt: string; readonly pauses: boolean }
  /** In the middle of a turn, for somebody's word. */
  | { readonly state: 'waiting'; readonly prompt: string; readonly pauses: boolean; readonly for: string }
  /** The plan's allowance is used up; it goes on by itself. */
  | { readonly state: 'limited'; readonly resetsAtMs: number }
  | { readonly state: 'failed'; readonly failure: AgentFailure }
  /** Its daemon ended without it. */
  | { readonly state: 'interrupted' };

export type SessionStateName = SessionState['state'];

/** A managed session as it is kept and shown. */
export interface ManagedSessionRecord {
  readonly id: SeatId;
  readonly name: string;
  readonly agent: string;
  readonly conversation: string;
  readonly cwd: string;
  readonly preset: string;
  readonly model?: string;
  readonly system?: string;
  readonly limits: WorkLimits;
  readonly state: SessionState;
  /** Over all of its life, through every process. */
  readonly spent: Spending;
  readonly turns: number;
  readonly activeMs: number;
  readonly createdAtMs: number;
  readonly changedAtMs: number;
  /** The seat whose conversation it began as a copy of. */
  readonly forkOf?: string;
}
