import type { PermissionClass } from '../protocol/message.ts';

/** What the session is doing; `unknown` where its host tells nothing. */
export type HostStatus = 'idle' | 'busy' | 'waiting' | 'unknown';

/** The host's rule for messages of other sessions; `parity` is its default: equal permission classes pass. */
export type InboundRule = 'accept' | 'hold' | 'refuse' | 'parity';

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
