import { CahootsError } from '../protocol/errors.ts';
import type { ManagedSessionRecord } from '../protocol/managed-session.ts';

type Named = Pick<ManagedSessionRecord, 'id' | 'name' | 'state' | 'preset'>;

/** A session without a process takes no prompt. */
export function sessionOver({ id, name, state }: Named): CahootsError {
  return new CahootsError('session-over', `The session ${name} is ${state.state}.`, {
    remedy: `Resume it first: cahoots resume ${name}`,
    facts: { session: id, state: state.state },
  });
}

/** A session has as many pending prompts as it may have. */
export function queueFull({ id, name }: Named, waiting: number): CahootsError {
  return new CahootsError('queue-full', `${waiting} prompts wait for ${name} already.`, {
    remedy: 'Wait until it has worked on some of them, or interrupt what it does.',
    facts: { session: id, waiting },
  });
}

/** A session is not given a command of its agent, for that reason. */
export function commandDenied({ id, preset }: Named, command: string, reason: string): CahootsError {
  return new CahootsError('command-denied', reason, {
    remedy: 'Say in words what is to be done, or give the command to a session with the preset full.',
    facts: { session: id, command, preset },
  });
}

/** A session cannot take a step in the state that it is in. */
export function stateRefuses({ id, name, state }: Named, asked: string): CahootsError {
  return new CahootsError('session-state', `The session ${name} is ${state.state}.`, {
    remedy: `Look at its state first: cahoots status ${name}`,
    facts: { session: id, state: state.state, asked },
  });
}
