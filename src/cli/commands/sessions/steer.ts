import type { ManagedSessionRecord } from '../../../protocol/managed-session.ts';
import type { Call, CommandSpec } from '../../command.ts';
import type * as lazy from '../../lazy/sessions.ts';
import { SESSION } from '../../options/common-arguments.ts';

export const interrupt: CommandSpec = {
  name: 'interrupt',
  group: 'Managed sessions',
  summary: 'End the turn that a managed session is in, and let it take its next prompt',
  arguments: [SESSION],
  json: 'the session',
  example: `$ cahoots interrupt tests
tests (t4m1zc) is idle.`,
  exit: { 1: 'the session has no process' },
  run: async (call) =>
    await steer(call, async (managed, session) => await managed.interruptSession(call.context, session)),
};

export const pause: CommandSpec = {
  name: 'pause',
  group: 'Managed sessions',
  summary: 'Let a managed session finish its turn and then take no further prompt',
  details: ['Prompts and mail that come meanwhile wait. resume lets it go on.'],
  arguments: [SESSION],
  json: 'the session',
  example: `$ cahoots pause tests
tests (t4m1zc) is running, then paused.`,
  exit: { 1: 'the session has no process, or is paused already' },
  run: async (call) =>
    await steer(call, async (managed, session) => await managed.pauseSession(call.context, session)),
};

export const kill: CommandSpec = {
  name: 'kill',
  group: 'Managed sessions',
  summary: 'End a managed session at once, with everything that it started',
  details: ['What it said and used is kept; resume starts it again. stop does it in order.'],
  arguments: [SESSION],
  json: 'the session',
  example: `$ cahoots kill tests
tests (t4m1zc) is stopped.`,
  exit: { 1: 'the session has no process' },
  run: async (call) =>
    await steer(call, async (managed, session) => await managed.killSession(call.context, session)),
};

type Managed = typeof lazy;

/** Does something to the session that a call names, and prints how it is then. */
export async function steer(
  call: Call,
  act: (managed: Managed, session: string) => Promise<ManagedSessionRecord>,
): Promise<void> {
  const managed = await import('../../lazy/sessions.ts');
  const session = await act(managed, call.argument('session'));
  if (call.json) await call.output.printJson(session);
  else await call.output.print(managed.sentence(session, call.context.clock.now()));
}
