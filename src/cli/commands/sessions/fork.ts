import type { CommandSpec } from '../../command.ts';
import { SESSION } from '../../options/common-arguments.ts';
import { steer } from './steer.ts';

export const fork: CommandSpec = {
  name: 'fork',
  group: 'Managed sessions',
  summary: 'Start a session in a copy of another one’s conversation',
  details: [
    'The copy knows what was said so far, and has folder, preset, model and limits of the other one, which goes on as it was. No seat speaks here, so --as gives the name of the copy, too.',
  ],
  arguments: [SESSION],
  options: [{ name: 'name', value: 'name', summary: 'of the copy; <session>-fork when left out' }],
  json: 'the new session',
  example: `$ cahoots fork tests --name tests-faster
tests-faster (b7k2wd) is idle.`,
  exit: {},
  run: async (call) =>
    await steer(call, async (managed, session) => {
      const { name, id } = await managed.sessionStatus(call.context, session);
      const wanted = call.option('name') ?? call.as ?? `${name}-fork`;
      return await managed.forkSession(call.context, id, { name: wanted });
    }),
};
