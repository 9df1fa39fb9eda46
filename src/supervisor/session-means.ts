import type { Agent, AgentEvent, ToolServer } from '../agents/agent.ts';
import type { Clock } from '../lib/clock.ts';
import type { Judge } from '../permissions/preset-judge.ts';
import type { ManagedSessionRecord, PromptRecord } from '../protocol/managed-session.ts';
import type { SessionWriter } from './session-store.ts';

/** What a watcher of a session is told, after it has been kept. */
export type SessionEvent =
  | { readonly type: 'session:changed'; readonly session: ManagedSessionRecord }
  | { readonly type: 'prompt:changed'; readonly prompt: PromptRecord }
  | {
      readonly type: 'agent:acted';
      readonly session: ManagedSessionRecord['id'];
      readonly event: AgentEvent;
    };

/** What a managed session is made with. */
export interface SessionMeans {
  readonly agent: Agent;
  readonly store: SessionWriter;
  readonly clock: Clock;
  readonly judge: Judge;
  /** All variables of its process. */
  readonly env: Readonly<Record<string, string>>;
  /** Makes the tools of ours that a process of it gets; each process has its own. */
  readonly tools?: (session: ManagedSessionRecord) => ToolServer;
  /** How many prompts may wait beside the one that is worked on. */
  readonly queueLength: number;
  /** Told of what failed that no caller waits for, as when nothing can be kept any more. */
  readonly onFault?: (error: unknown) => void;
  /** A throw is nothing to the session. */
  readonly onEvent: (event: SessionEvent) => void;
}

/** A prompt that was accepted, and the promise of its end, which never rejects. */
export interface AcceptedPrompt {
  readonly prompt: PromptRecord;
  readonly settled: Promise<PromptRecord>;
}
