import type { UninstallPlan } from '../../../installer/uninstall/uninstall.ts';
import type { Call, CommandSpec } from '../../command.ts';
import { CLAUDE_OPTION, installContext } from '../../install-context.ts';

export const uninstall: CommandSpec = {
  name: 'uninstall',
  group: 'This machine',
  summary: 'Take the plugin out of your Claude Code and remove what is ours',
  details: [
    'Lists mail that nobody has read and what it will remove, and asks before it does. The plugin and its marketplace go by Claude Code’s own commands, then our copies and caches. The mailboxes stay, unless --mail removes them as well: our seats and their façades, the journal, your verdicts and settings. Files of session-bridge v1, and whatever else lies in the root, are left alone.',
  ],
  options: [
    { name: 'mail', summary: 'remove the mailboxes too, with the mail in them' },
    { name: 'yes', summary: 'go ahead without a question' },
    { name: 'dry-run', summary: 'only show what would be removed' },
    CLAUDE_OPTION,
  ],
  json: '{unread, removed, failed, kept, dryRun}: unread is [{seat, name, path, count, from}]; removed is the sentences of what was removed or with --dry-run would be; failed is [{what, reason}]; kept is sentences',
  example: `$ cahoots uninstall
2 unread messages:
  lib (p0c7zt, /home/ada/projects/lib): 2 from app
This will be removed:
  the plugin cahoots@cahoots in Claude Code
  the marketplace "cahoots" in Claude Code
  the copies of the plugin: /home/ada/.local/share/cahoots/plugins
The mailboxes stay in /home/ada/.claude/session-bridge; cahoots uninstall --mail removes them.
Go ahead? [y/N]`,
  exit: {
    0: 'removed, or there was nothing',
    1: 'you said no, something could not be removed, or with --mail a session still sits on its seat',
  },
  run: async (call) => {
    const { confirm, planUninstall, runUninstall } = await import('../../lazy/setup.ts');
    const plan = await planUninstall(await installContext(call), { mail: call.flag('mail') });
    const isDryRun = call.flag('dry-run');
    if (!call.json) await printPlan(call, plan);
    if (isDryRun) {
      const removed = plan.steps.map(({ what }) => what);
      if (call.json) await call.output.printJson({ ...facts(plan), removed, failed: [], dryRun: true });
      return 0;
    }
    if (plan.steps.length > 0 && !(await confirm(call, 'Go ahead?'))) {
      call.output.note('Nothing was removed.');
      return 1;
    }
    const { removed, failed } = await runUninstall(plan);
    if (call.json) await call.output.printJson({ ...facts(plan), removed, failed, dryRun: false });
    else if (removed.length > 0 || failed.length > 0) {
      await call.output.print(['Removed:', ...removed.map((what) => `  ${what}`)].join('\n'));
      for (const { what, reason } of failed) call.output.complain(`Not removed: ${what}. ${reason}`);
    }
    return failed.length === 0 ? 0 : 1;
  },
};

async function printPlan(call: Call, { unread, steps, kept }: UninstallPlan): Promise<void> {
  const count = unread.reduce((sum, seat) => sum + seat.count, 0);
  const mail = unread.map((seat) => {
    const from = seat.from.length === 0 ? '' : ` from ${seat.from.join(', ')}`;
    return `  ${seat.name} (${seat.seat}, ${seat.path}): ${seat.count}${from}`;
  });
  const lines = [
    ...(count === 0 ? [] : [`${count} unread message${count === 1 ? '' : 's'}:`, ...mail]),
    ...(steps.length === 0
      ? ['There is nothing of cahoots to remove.']
      : ['This will be removed:', ...steps.map(({ what }) => `  ${what}`)]),
    ...kept,
  ];
  await call.output.print(lines.join('\n'));
}

function facts({ unread, kept }: UninstallPlan): Pick<UninstallPlan, 'unread' | 'kept'> {
  return { unread, kept };
}
