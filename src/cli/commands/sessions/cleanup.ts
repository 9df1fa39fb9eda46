import type { CommandSpec } from '../../command.ts';

export const cleanup: CommandSpec = {
  name: 'cleanup',
  group: 'Managed sessions',
  summary: 'Remove the managed sessions that have been over for so long',
  options: [{ name: 'older-than', value: 'duration', summary: 'for how long: 30d, 12h, 45m; required' }],
  json: '[session]: those that were removed',
  example: `$ cahoots cleanup --older-than 30d
2 sessions removed: docs (p9w3hb), old-tests (w1q5vn)`,
  exit: {},
  run: async (call) => {
    const { requiredDurationOption, cleanUpSessions } = await import('../../lazy/sessions.ts');
    const removed = await cleanUpSessions(call.context, {
      olderThanMs: requiredDurationOption(call, 'older-than'),
    });
    if (call.json) await call.output.printJson(removed);
    else {
      const names = removed.map(({ name, id }) => `${name} (${id})`).join(', ');
      const count = `${removed.length} session${removed.length === 1 ? '' : 's'} removed`;
      await call.output.print(removed.length === 0 ? 'Nothing was to be removed.' : `${count}: ${names}`);
    }
  },
};
