import type { SetupPlan } from '../../../installer/setup/setup.ts';
import type { Call, CommandSpec } from '../../command.ts';
import { CLAUDE_OPTION, installContext } from '../../install-context.ts';

export const setup: CommandSpec = {
  name: 'setup',
  group: 'This machine',
  summary: 'Install the plugin into your Claude Code, or bring it up to date',
  details: [
    'Shows what it will change and asks before it does. Copies the plugin out of this package, tells Claude Code of the copy as a marketplace, and installs it from there for you in all projects, by Claude Code’s own commands. Running it again changes nothing, or updates. uninstall takes everything back.',
  ],
  options: [
    { name: 'yes', summary: 'go ahead without a question' },
    { name: 'dry-run', summary: 'only show what would be done' },
    CLAUDE_OPTION,
  ],
  json: '{claude: {path, version}, plugin, steps, warnings, dryRun}: plugin is {id, version, enabled, path}, or null when it is not installed; steps is [{what, command}], what was done or with --dry-run would be; command is null for a step that runs none',
  example: `$ cahoots setup
Claude Code 2.1.329 at /usr/local/bin/claude. To install cahoots 0.1.0:
  1. copy the plugin (version 0.1.0) to ~/.local/share/cahoots/plugins/0.1.0-5f0c7d1e2b3a4968
  2. tell Claude Code of that folder as the marketplace "cahoots"
     $ claude plugin marketplace add ~/.local/share/cahoots/plugins/0.1.0-5f0c7d1e2b3a4968
  3. install the plugin cahoots@cahoots for you in all projects
     $ claude plugin install cahoots@cahoots --scope user
Go ahead? [y/N]`,
  exit: {
    0: 'installed, or nothing was to be done',
    1: 'you said no, there is no Claude Code, or one of its commands failed',
  },
  run: async (call) => {
    const { confirm, planSetup, runSetup } = await import('../../lazy/setup.ts');
    const context = await installContext(call);
    const plan = await planSetup(context);
    if (!call.json) await printPlan(call, plan);
    const isDryRun = call.flag('dry-run');
    if (isDryRun || plan.steps.length === 0) {
      if (call.json) await printJson(call, plan, { plugin: plan.installed, isDryRun });
      return 0;
    }
    if (!(await confirm(call, 'Go ahead?'))) {
      call.output.note('Nothing was changed.');
      return 1;
    }
    const plugin = await runSetup(context, plan, ({ what }) => call.output.note(`… ${what}`));
    if (call.json) await printJson(call, plan, { plugin, isDryRun });
    else {
      await call.output.print(
        `cahoots ${plugin.version} is installed. Sessions have it from their next start; type /bridge in one. Undo: cahoots uninstall`,
      );
    }
    return 0;
  },
};

async function printPlan(call: Call, { claude, steps, version, warnings }: SetupPlan): Promise<void> {
  const head =
    steps.length === 0
      ? `Claude Code ${claude.version} at ${claude.path} has cahoots ${version} already; nothing is to be done.`
      : `Claude Code ${claude.version} at ${claude.path}. To install cahoots ${version}:`;
  const lines = steps.flatMap(({ what, command }, index) => [
    `  ${index + 1}. ${what}`,
    ...(command === undefined ? [] : [`     $ ${command.join(' ')}`]),
  ]);
  await call.output.print([head, ...lines].join('\n'));
  for (const warning of warnings) call.output.note(`Warning: ${warning}`);
}

async function printJson(
  call: Call,
  { claude, steps, warnings }: SetupPlan,
  { plugin, isDryRun }: { plugin: SetupPlan['installed']; isDryRun: boolean },
): Promise<void> {
  await call.output.printJson({
    claude: { path: claude.path, version: claude.version },
    plugin: plugin ?? null,
    steps: steps.map(({ what, command }) => ({ what, command: command ?? null })),
    warnings,
    dryRun: isDryRun,
  });
}
