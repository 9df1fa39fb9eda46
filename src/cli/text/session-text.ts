import type { ManagedSessionRecord } from '../../protocol/managed-session.ts';
import { oneLine } from './printable.ts';
import { localTime } from './time-text.ts';

/** The state of a session in words: `idle`, `running`, `limited until 14:00:00`, `failed: …`. */
export function stateText({ state }: Pick<ManagedSessionRecord, 'state'>, nowMs: number): string {
  switch (state.state) {
    case 'running':
      return state.pauses ? 'running, then paused' : 'running';
    case 'waiting':
      return oneLine(`waiting for ${state.for}`);
    case 'limited':
      return `limited until ${localTime(new Date(state.resetsAtMs).toISOString(), nowMs)}`;
    case 'failed':
      return oneLine(`failed: ${state.failure.message}`);
    default:
      return state.state;
  }
}

/** `worker (k3x9qa) is idle.` */
export function sentence(session: ManagedSessionRecord, nowMs: number): string {
  return `${oneLine(session.name)} (${session.id}) is ${stateText(session, nowMs)}.`;
}

/** An amount of money as the agent’s accounting has it: `$0.0123`, `$12.34`. */
export function moneyText(usd: number): string {
  return `$${usd.toFixed(usd < 1 ? 4 : 2)}`;
}

/** A duration in the largest units that fit: `0.4 s`, `12 s`, `3 min 20 s`, `2 h 5 min`. */
export function durationText(ms: number): string {
  const seconds = ms / 1_000;
  if (seconds < 10) return `${seconds.toFixed(1)} s`;
  const whole = Math.round(seconds);
  if (whole < 60) return `${whole} s`;
  const minutes = Math.floor(whole / 60);
  return minutes < 60
    ? `${minutes} min ${whole % 60} s`
    : `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}
