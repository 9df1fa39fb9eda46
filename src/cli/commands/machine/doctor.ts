import type { Check, CheckState } from '../../../installer/checks/check.ts';
import type { Call, CommandSpec } from '../../command.ts';
import { CLAUDE_OPTION, installContext } from '../../install-context.ts';
import { oneLine } from '../../text/printable.ts';

export const doctor: CommandSpec = {
  name: 'doctor',
  group: 'This machine',
  summary: 'See whether everything works on this machine, and what to do where it does not',
  details: [
    'Looks at Node, Claude Code, the plugin, the mailbox root and what lies in it, and pings each session that is here. A ping costs no tokens: the attendant answers it, not the model.',
    'With --fix it takes the rights of others from the files of the mailboxes and removes what ended processes left: façades and wake folders of their sessions, temporary files. Mail is never touched.',
  ],
  options: [{ name: 'fix', summary: 'repair modes and tidy up before looking' }, CLAUDE_OPTION],
  json: '{checks: [{id, state, what, remedy}], ok, fixed}: state is ok, warn or fail; remedy is a sentence or null; ok is false when a check failed; fixed is the sentences of what --fix did',
  example: `$ cahoots doctor
ok    Node.js 24.11.0 at /usr/local/bin/node runs the plugin (needs 22.13)
ok    Claude Code 2.1.329 at /usr/local/bin/claude
warn  the plugin has version 0.1.0, this program 0.2.0
      → Run: cahoots setup
ok    app (k3x9qa, /home/ada/projects/app) answered in 12 ms; it is idle, mail comes by inbox-socket, permission mode default, attention open`,
  exit: { 0: 'nothing failed; there may be warnings', 1: 'a check failed' },
  run: async (call) => {
    const { diagnose } = await import('../../lazy/setup.ts');
    const { checks, ok, fixed } = await diagnose(await installContext(call), { fix: call.flag('fix') });
    if (call.json) await call.output.printJson({ checks, ok, fixed });
    else {
      for (const what of fixed) await call.output.print(`fixed ${what}`);
      await call.output.printLines(checks.flatMap((check) => linesOf(call, check)));
      const failed = checks.filter(({ state }) => state === 'fail').length;
      const warned = checks.filter(({ state }) => state === 'warn').length;
      call.output.note(`${checks.length} checks: ${failed} failed, ${warned} with a warning.`);
    }
    return ok ? 0 : 1;
  },
};

const STYLES = { ok: 'green', warn: 'yellow', fail: 'red' } as const satisfies Record<CheckState, string>;

function linesOf({ output }: Call, { state, what, remedy }: Check): string[] {
  const head = `${output.style(STYLES[state], state.padEnd(5))} ${oneLine(what)}`;
  return remedy === null ? [head] : [head, `      → ${oneLine(remedy)}`];
}
