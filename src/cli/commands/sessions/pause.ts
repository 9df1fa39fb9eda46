import type { CommandSpec } from '../../command.ts';
import { SESSION } from '../../options/common-arguments.ts';
import { steer } from './steer-command.ts';

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
