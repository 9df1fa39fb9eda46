import type { CommandSpec } from '../../command.ts';
import { SESSION } from '../../options/common-arguments.ts';

export const deleteCommand: CommandSpec = {
  name: 'delete',
  group: 'Managed sessions',
  summary: 'Remove a managed session that is over, with everything that is kept of it',
  details: ['Its conversation stays with Claude Code. Mail that nobody has read keeps its seat.'],
  arguments: [SESSION],
  options: [{ name: 'force', summary: 'stop it first where it has a process' }],
  json: 'the session as it was',
  example: `$ cahoots delete tests
tests (t4m1zc) is deleted.`,
  exit: { 1: 'the session has a process: stop it first, or use --force' },
  run: async (call) => {
    const { deleteSession, sessionStatus } = await import('../../lazy/sessions.ts');
    const session = await sessionStatus(call.context, call.argument('session'));
    await deleteSession(call.context, session.id, { force: call.flag('force') });
    if (call.json) await call.output.printJson(session);
    else await call.output.print(`${session.name} (${session.id}) is deleted.`);
  },
};
