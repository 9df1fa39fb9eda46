import type { CommandSpec } from '../../command.ts';
import { SESSION } from '../../options/common-arguments.ts';
import { steer } from './steer-command.ts';

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
