import type { CommandSpec } from '../../command.ts';

export const watch: CommandSpec = {
  name: 'watch',
  group: 'Managed sessions',
  summary: 'Show what happens in managed sessions as it happens, until a signal ends it',
  details: ['First it shows how things stand. The watch ends with status 1 when the daemon goes away.'],
  arguments: [{ name: 'session', summary: 'only this one: its name or id', optional: true }],
  json: 'one line for each event: {type: "session:changed", session}, {type: "prompt:changed", prompt} or {type: "agent:acted", session, event}; first how things stand, in the same form',
  example: `$ cahoots watch tests
14:03:22  tests  is running
14:03:22  tests  works on: Make the tests of src/api pass
14:03:25  tests  calls Bash {"command":"npm test"}
14:04:10  tests  says: All 42 tests pass.
14:04:10  tests  completed ($0.3120, 48 s)`,
  exit: { 1: 'the daemon went away' },
  run: async (call) => {
    const { EventLines, watchSessions } = await import('../../lazy/sessions.ts');
    const lines = new EventLines();
    const { context, output, signal } = call;
    for await (const event of watchSessions(context, { session: call.optionalArgument('session'), signal })) {
      if (call.json) await output.printJson(event);
      else {
        const line = lines.lineOf(event, context.clock.now());
        if (line !== undefined) await output.printLines([line]);
      }
    }
  },
};
