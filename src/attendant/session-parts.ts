import type { AttendedHost } from '../agents/live-host.ts';
import type { ResolvedConfig } from '../config/config.ts';
import type { Clock } from '../lib/clock.ts';
import type { Correspondent } from '../mail/correspondent.ts';
import type { Message } from '../protocol/message.ts';
import type { Activity } from './activity.ts';
import type { DependencyHints } from './dependency-hints.ts';
import type { MailDesk } from './mail-desk.ts';
import type { Notices } from './notices.ts';
import type { OpenQueries } from './queries-in-hand.ts';
import type { SeatLife } from './seat-life.ts';
import type { SubagentCalls } from './subagent-calls.ts';
import type { TurnCap } from './turn-cap.ts';
import type { Waits } from './waits.ts';
import { mayWake } from './wake-rules.ts';
import type { Letter, Waker } from './waker.ts';

/** What the parts of one attendant share. Each part has its own state; the seat and its mail are those of `life`. */
export interface SessionParts {
  readonly config: ResolvedConfig;
  readonly clock: Clock;
  readonly host: AttendedHost;
  readonly life: SeatLife;
  readonly cap: TurnCap;
  readonly waker: Waker;
  readonly waits: Waits;
  readonly correspondent: Correspondent;
  readonly openQueries: OpenQueries;
  readonly dependencies: DependencyHints;
  readonly subagentCalls: SubagentCalls;
  readonly notices: Notices;
  readonly activity: Activity;
  /** Where faults go that no caller waits for. */
  readonly onFault: (error: unknown) => void;
}

/** Whether a message may cause a turn in this session as it is now. */
export function wakesNow({ host, life }: SessionParts, desk: MailDesk): (message: Letter) => boolean {
  return (message) =>
    mayWake(message, { desk, worksOffNotes: host.worksOffNotes, attention: life.record?.attention });
}

/** Notes that these were put before the model. */
export function noteOffered({ openQueries, clock }: SessionParts, messages: readonly Message[]): void {
  for (const message of messages) openQueries.note(message, clock.now());
}
