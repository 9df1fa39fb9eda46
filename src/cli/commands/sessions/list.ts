import type { CommandSpec } from '../../command.ts';
import { countOption } from '../../options/number-options.ts';
import { shortPath } from '../../text/short-path.ts';
import { table } from '../../text/table.ts';
import { timeAgo } from '../../text/time-text.ts';

export const list: CommandSpec = {
  name: 'list',
  group: 'Managed sessions',
  summary: 'List the managed sessions, the last changed first',
  options: [{ name: 'limit', value: 'n', summary: 'how many', default: '100' }],
  json: '[session]',
  example: `$ cahoots list
NAME   ID      STATE    MODEL  PRESET     SPENT    CHANGED         PATH
tests  t4m1zc  running  opus   edit       $0.3120  just now        ~/projects/app
docs   p9w3hb  stopped  -      read-only  $0.0811  25 minutes ago  ~/projects/app`,
  exit: {},
  run: async (call) => {
    const limit = countOption(call, 'limit');
    const { listSessions, moneyText, stateText } = await import('../../lazy/sessions.ts');
    const sessions = await listSessions(call.context, { limit });
    if (call.json) {
      await call.output.printJson(sessions);
      return;
    }
    if (sessions.length === 0) {
      call.output.note('There are no managed sessions. Start one: cahoots spawn <name>');
      return;
    }
    const nowMs = call.context.clock.now();
    const text = table(
      sessions,
      [
        { title: 'NAME', cell: ({ name }) => name },
        { title: 'ID', cell: ({ id }) => id },
        { title: 'STATE', cell: (session) => stateText(session, nowMs) },
        { title: 'MODEL', cell: ({ model }) => model ?? '-' },
        { title: 'PRESET', cell: ({ preset }) => preset },
        { title: 'SPENT', cell: ({ spent }) => moneyText(spent.costUsd) },
        {
          title: 'CHANGED',
          cell: ({ changedAtMs }) => timeAgo(new Date(changedAtMs).toISOString(), nowMs),
        },
        { title: 'PATH', cell: ({ cwd }) => shortPath(cwd, call.context.config.env) },
      ],
      call.output,
    );
    await call.output.printStyled(text);
  },
};
