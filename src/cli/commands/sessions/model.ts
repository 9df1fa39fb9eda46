import type { CommandSpec } from '../../command.ts';
import { SESSION } from '../../options/common-arguments.ts';

export const model: CommandSpec = {
  name: 'model',
  group: 'Managed sessions',
  summary: 'Change the model of a managed session from its next step on',
  arguments: [
    SESSION,
    {
      name: 'model',
      summary: 'as the agent names it; the default of the agent when left out',
      optional: true,
    },
  ],
  json: 'the session',
  example: `$ cahoots model tests opus
tests (t4m1zc) has the model opus.`,
  exit: { 1: 'the session has no process' },
  run: async (call) => {
    const { setSessionModel } = await import('../../lazy/sessions.ts');
    const wanted = { model: call.optionalArgument('model') };
    const session = await setSessionModel(call.context, call.argument('session'), wanted);
    if (call.json) await call.output.printJson(session);
    else {
      const what =
        session.model === undefined ? 'the default model of the agent' : `the model ${session.model}`;
      await call.output.print(`${session.name} (${session.id}) has ${what}.`);
    }
  },
};
