import type { InstallContext } from '../install-context.ts';
import type { ClaudeCode, HostPlugin } from './claude-code.ts';
import { deliveryProblem } from './delivery-paths.ts';
import { readHostSettings } from './host-settings.ts';
import { findSessionNode, nodeProblem } from './session-node.ts';

export interface SetupFacts {
  readonly claude: ClaudeCode;
  readonly plugins: readonly HostPlugin[];
  readonly packageRoot: string;
}

/** What will not work as it should although the plugin can be installed: a sentence each, with what to do. */
export async function warningsOf(context: InstallContext, facts: SetupFacts): Promise<string[]> {
  const { claude, plugins, packageRoot } = facts;
  const node = nodeProblem(await findSessionNode(context));
  const delivery = deliveryProblem(claude.version);
  const found = readHostSettings(context);
  const hooksAreOff = found.kind === 'settings' && found.settings.disableAllHooks === true;
  const warnings = [
    node === undefined ? undefined : `${capital(node.what)}. ${node.remedy}`,
    delivery === undefined ? undefined : `${capital(delivery.what)}. ${delivery.remedy}`,
    hooksAreOff ? `${capital(HOOKS_ARE_OFF.what)}. ${HOOKS_ARE_OFF.remedy}` : undefined,
    v1Plugin(plugins) === undefined ? undefined : `${capital(V1_COLLIDES.what)}. ${V1_COLLIDES.remedy}`,
    isRunByNpx(packageRoot)
      ? 'This program runs from a folder of npx that npm may empty. The plugin is copied and stays; for the commands at a prompt run: npm install -g cahoots'
      : undefined,
  ];
  return warnings.filter((warning) => warning !== undefined);
}

export const HOOKS_ARE_OFF = {
  what: "Claude Code's settings turn all hooks off (disableAllHooks)",
  remedy: 'Mail then reaches a session only through its inbox socket or when it listens; remove that key.',
};

export const V1_COLLIDES = {
  what: 'the plugin of session-bridge v1 is installed too, and its /bridge has the same name as ours',
  remedy:
    'Sessions of both can talk to each other, but one session should have one of them: claude plugin disable session-bridge (its mail and files stay).',
};

/** The plugin of session-bridge v1 among those that are enabled. */
export function v1Plugin(plugins: readonly HostPlugin[]): HostPlugin | undefined {
  return plugins.find(({ id, enabled }) => enabled && id.startsWith('session-bridge@'));
}

function isRunByNpx(packageRoot: string): boolean {
  return /[\\/]_npx[\\/]/.test(packageRoot);
}

function capital(text: string): string {
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}`;
}
