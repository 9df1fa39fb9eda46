import type { SessionMoment } from '../agents/live-host.ts';
import type { Attention } from '../protocol/seat.ts';
import type { MailDesk, TakenMail } from './mail-desk.ts';
import type { TurnCap } from './turn-cap.ts';
import type { Letter } from './waker.ts';

export interface WakeFacts {
  readonly desk: MailDesk;
  /** Whether a note begins a turn, too. */
  readonly worksOffNotes: boolean;
  readonly attention: Attention | undefined;
}

/** Answers to own questions wake at once; what others begin does while the attention is open; a note only a worker. */
export function mayWake(message: Letter, { desk, worksOffNotes, attention }: WakeFacts): boolean {
  if (message.type === 'progress') return message.step === 'declined';
  if (desk.reception.answersOwnQuery(message) || desk.reception.tellsOutcome(message)) return true;
  if (message.type === 'notice' || (message.type === 'note' && !worksOffNotes)) return false;
  return attention === 'open';
}

/** Whether a moment is one at which the model or the person is shown what a hook of ours says. */
export function takesContext(moment: SessionMoment): boolean {
  return moment === 'prompt' || moment === 'tools-done' || moment === 'turn-end';
}

export interface HookMoment {
  readonly desk: MailDesk;
  readonly cap: TurnCap;
  readonly nowMs: number;
  readonly mayWake: (message: Letter) => boolean;
}

/** What a hook may give to the model: everything at a prompt or between tool calls, only what may wake at an end. */
export function mailForHook(
  moment: SessionMoment,
  { desk, cap, nowMs, mayWake }: HookMoment,
): TakenMail | undefined {
  const { eligible } = desk.look();
  if (moment !== 'turn-end') return desk.takeFailed('hook-context') ?? desk.take(eligible, 'hook-context');
  // What is given at the end of a turn causes another one.
  if (!cap.allows(nowMs)) return undefined;
  const mail =
    desk.takeFailed('hook-context', mayWake) ?? desk.take(eligible.filter(mayWake), 'hook-context');
  if (mail !== undefined) cap.record(nowMs);
  return mail;
}
