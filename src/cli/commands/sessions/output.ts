import type { CommandSpec } from '../../command.ts';
import { SESSION } from '../../options/common-arguments.ts';

const LOOKED_AT = 100;

export const output: CommandSpec = {
  name: 'output',
  group: 'Managed sessions',
  summary: 'Show what a managed session said last',
  details: ['The result of its last prompt that has ended, however it ended. Another one may be under way.'],
  arguments: [SESSION],
  json: '{id, state, response, result}, as ask prints it for a managed session; null when no prompt has ended yet',
  example: `$ cahoots output tests
All 42 tests pass. Two of them expected the old error text.`,
  exit: { 1: 'no prompt has ended yet' },
  run: async (call) => {
    const { promptHistory, promptJson } = await import('../../lazy/sessions.ts');
    const session = call.argument('session');
    const prompts = await promptHistory(call.context, session, { limit: LOOKED_AT });
    const last = prompts.findLast(({ ended }) => ended !== undefined);
    if (call.json) await call.output.printJson(last === undefined ? null : promptJson(last));
    else if (last?.ended !== undefined) {
      await call.output.print(last.turn?.text ?? '');
      const { outcome } = last.ended;
      if (outcome !== 'completed') call.output.note(`It did not come to its end: ${outcome}.`);
    } else call.output.note(`No prompt of ${session} has ended yet. Watch it: cahoots watch ${session}`);
    return last === undefined ? 1 : 0;
  },
};
