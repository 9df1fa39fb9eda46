import { peerNames } from '../../../client/seats/peer-names.ts';
import type { CommandSpec } from '../../command.ts';
import { SESSION } from '../../options/common-arguments.ts';
import { countOption } from '../../options/number-options.ts';
import { shortened } from '../../text/printable.ts';
import { table } from '../../text/table.ts';
import { localTime } from '../../text/time-text.ts';

const SHOWN_CHARACTERS = 100;

export const history: CommandSpec = {
  name: 'history',
  group: 'Managed sessions',
  summary: 'List the prompts of a managed session with outcome, cost and time, newest last',
  arguments: [SESSION],
  options: [{ name: 'limit', value: 'n', summary: 'how many', default: '20' }],
  json: '[prompt]: each with what came of it, the oldest first',
  example: `$ cahoots history tests
TIME      FROM    OUTCOME        COST     TOOK   PROMPT
14:03:22  k3x9qa  completed      $0.3120  48 s   Make the tests of src/api pass
14:20:09  mail    limit-reached  $1.7004  3 min  Which tests did you change?`,
  exit: {},
  run: async (call) => {
    const limit = countOption(call, 'limit');
    const { durationText, moneyText, promptHistory, promptState } = await import('../../lazy/sessions.ts');
    const prompts = await promptHistory(call.context, call.argument('session'), { limit });
    if (call.json) {
      await call.output.printJson(prompts);
      return;
    }
    if (prompts.length === 0) {
      call.output.note('It has had no prompt yet.');
      return;
    }
    const nowMs = call.context.clock.now();
    const nameOf = peerNames(call.context);
    const text = table(
      prompts,
      [
        {
          title: 'TIME',
          cell: ({ acceptedAtMs }) => localTime(new Date(acceptedAtMs).toISOString(), nowMs),
        },
        { title: 'FROM', cell: ({ from }) => nameOf(from) },
        { title: 'OUTCOME', cell: promptState },
        { title: 'COST', cell: ({ turn }) => (turn === undefined ? '-' : moneyText(turn.spent.costUsd)) },
        {
          title: 'TOOK',
          cell: ({ startedAtMs, endedAtMs }) =>
            startedAtMs === undefined ? '-' : durationText((endedAtMs ?? nowMs) - startedAtMs),
        },
        { title: 'PROMPT', cell: ({ text: asked }) => shortened(asked, SHOWN_CHARACTERS) },
      ],
      call.output,
    );
    await call.output.printStyled(text);
  },
};
