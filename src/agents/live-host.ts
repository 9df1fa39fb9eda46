import type { InboundRule, PermissionClass } from '../protocol/message.ts';
import type { WorkStep } from '../protocol/work-step.ts';

/** What the session is doing; `unknown` where its host tells nothing. */
export type HostStatus = 'idle' | 'busy' | 'waiting' | 'unknown';

/** What an attendant has to know of the session that it attends. Each is the truth of the moment in which it is read. */
export interface AttendedHost {
  /** Whether the session takes a seat by itself and may be woken: one of a person, or one of ours. */
  readonly takesSeat: boolean;
  /** Whether it speaks for its project folder: peers that use the project's packages are told of it. */
  readonly ownsProject: boolean;
  /** Whether a note begins a turn when nothing else does: a worker's mail is its work. */
  readonly worksOffNotes: boolean;
  readonly status: HostStatus;
  /** The id of the conversation that it shows now. */
  readonly conversation: string;
  /** The host's record of that conversation on disk; it may not exist yet. */
  readonly transcript: string;
  readonly permissionMode: string;
  readonly permissionClass: PermissionClass;
  readonly inboundRule: InboundRule;
  /** Folders in which something changes when `status` does. */
  readonly watchedFolders: readonly string[];
  /** Takes in what a hook told of the session. */
  learn(told: { transcript?: string; permissionMode?: string; conversation?: string }): void;
}

/** A moment in a session at which its host calls a hook of ours. `tools-done`: after a batch of tool calls. */
export type SessionMoment = 'prompt' | 'tool-call' | 'tools-done' | 'turn-end' | 'conversation-end' | 'other';

/** A call of a hook of ours; what the host did not say is an empty string. */
export interface HookCall {
  readonly moment: SessionMoment;
  readonly conversation: string;
  readonly transcript: string;
  readonly permissionMode: string;
  /** Set in a subagent. */
  readonly agent: string;
  /** The tool call that the hook is about. */
  readonly toolUse: string;
  /** What begins a turn, by whomever it was said. */
  readonly prompt: string;
  /** What the tools have done since the last model step; left out where the host tells of nothing that could matter. */
  readonly work?: DoneWork;
}

/** What tools have done; read only when it is needed, since it may be large. */
export interface DoneWork {
  steps(): readonly WorkStep[];
}

/** What a hook of ours answers. */
export interface HookAnswer {
  /** For the model, as context at this point of the conversation. */
  readonly context?: string;
  /** For the person's eyes only; costs no tokens. */
  readonly notice?: string;
  /** The tool call goes ahead without a question to the person. */
  readonly allowsTool?: true;
}
