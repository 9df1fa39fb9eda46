import type { SessionState, SessionStateName } from '../protocol/managed-session.ts';
import type { AgentFailure } from '../protocol/turn-result.ts';

/** Something that moves a managed session from one state to the next. */
export type SessionStep =
  | { readonly step: 'start' | 'ready' | 'end-turn' | 'answer' | 'pause' | 'unpause' | 'limit-over' | 'stop' }
  | { readonly step: 'begin-turn'; readonly prompt: string }
  | { readonly step: 'wait'; readonly for: string }
  | { readonly step: 'reach-plan-limit'; readonly resetsAtMs: number }
  | { readonly step: 'exit' }
  | { readonly step: 'fail'; readonly failure: AgentFailure }
  | { readonly step: 'lose' };

type StepName = SessionStep['step'];

const LIVE: readonly SessionStateName[] = [
  'starting',
  'idle',
  'running',
  'waiting',
  'paused',
  'limited',
  'stopping',
];
const OVER: readonly SessionStateName[] = ['stopped', 'failed', 'interrupted'];

/** From which states each step leads on. Everything else is a mistake of the caller. */
const ALLOWED: Readonly<Record<StepName, readonly SessionStateName[]>> = {
  start: OVER,
  ready: ['starting'],
  'begin-turn': ['idle'],
  'end-turn': ['running', 'waiting'],
  wait: ['running'],
  answer: ['waiting'],
  pause: ['idle', 'running', 'waiting', 'limited'],
  unpause: ['paused', 'running', 'waiting'],
  'reach-plan-limit': ['running', 'waiting'],
  'limit-over': ['limited'],
  stop: ['starting', 'idle', 'running', 'waiting', 'paused', 'limited'],
  exit: LIVE,
  fail: LIVE,
  lose: LIVE,
};

/** Whether a session in that state has a process, or is about to have one. */
export function isLive({ state }: SessionState): boolean {
  return LIVE.includes(state);
}

/** Whether a session takes no further prompt, or will not once its turn is over, until it is let go on. */
export function isPaused(state: SessionState): boolean {
  return state.state === 'paused' || pauses(state);
}

/** Whether the step leads anywhere from that state. */
export function mayStep({ state }: SessionState, step: StepName): boolean {
  return ALLOWED[step].includes(state);
}

/** The state after a step. Throws a `RangeError` where the step does not lead on from the state. */
export function advance(from: SessionState, step: SessionStep): SessionState {
  if (!mayStep(from, step.step)) {
    throw new RangeError(`a session that is ${from.state} cannot ${step.step}`);
  }
  switch (step.step) {
    case 'start':
      return { state: 'starting' };
    case 'ready':
    case 'limit-over':
      return { state: 'idle' };
    case 'begin-turn':
      return { state: 'running', prompt: step.prompt, pauses: false };
    case 'end-turn':
      return { state: pauses(from) ? 'paused' : 'idle' };
    case 'wait':
      return { ...inTurn(from), state: 'waiting', for: step.for };
    case 'answer':
      return { ...inTurn(from), state: 'running' };
    case 'pause':
      return isInTurn(from) ? { ...from, pauses: true } : { state: 'paused' };
    case 'unpause':
      return isInTurn(from) ? { ...from, pauses: false } : { state: 'idle' };
    case 'reach-plan-limit':
      return pauses(from) ? { state: 'paused' } : { state: 'limited', resetsAtMs: step.resetsAtMs };
    case 'stop':
      return { state: 'stopping' };
    case 'exit':
      return { state: 'stopped' };
    case 'fail':
      return { state: 'failed', failure: step.failure };
    case 'lose':
      return { state: 'interrupted' };
  }
}

type InTurn = Extract<SessionState, { prompt: string }>;

function isInTurn(state: SessionState): state is InTurn {
  return 'prompt' in state;
}

function pauses(state: SessionState): boolean {
  return isInTurn(state) && state.pauses;
}

function inTurn(state: SessionState): { prompt: string; pauses: boolean } {
  if (!isInTurn(state)) throw new RangeError(`a session that is ${state.state} is in no turn`);
  return { prompt: state.prompt, pauses: state.pauses };
}
