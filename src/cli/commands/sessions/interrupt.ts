import type { CommandSpec } from '../../command.ts';
import { SESSION } from '../../options/common-arguments.ts';
import { steer } from './steer-command.ts';

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
