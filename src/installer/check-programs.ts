import { type Check, counted, fail, failWith, ok, warn } from './check.ts';
import { type ClaudeCode, findClaudeCode, type HostPlugin } from './claude-code.ts';
import { deliveryAbilities, deliveryProblem } from './delivery-paths.ts';
import { hostSettingsFile, readHostSettings } from './host-settings.ts';
import { type InstallContext, NODE_FLOOR, PLUGIN_ID } from './install-context.ts';
import { pluginDigest } from './package-files.ts';
import { copyOf } from './plugin-copy.ts';
import { findSessionNode, nodeProblem } from './session-node.ts';
import { installedIn } from './setup.ts';
import { HOOKS_ARE_OFF, V1_COLLIDES, v1Plugin } from './setup-warnings.ts';

/** Node, Claude Code, its settings, and our plugin in it. */
export async function checkPrograms(context: InstallContext): Promise<Check[]> {
  const node = await checkNode(context);
  let claude: ClaudeCode;
  try {
    claude = await findClaudeCode(context);
  } catch (error) {
    return [node, failWith('claude', error)];
  }
  const checks = [
    node,
    ok('claude', `Claude Code ${claude.version} at ${claude.path}`),
    checkDelivery(claude),
  ];
  try {
    const plugins = await claude.plugins();
    return [...checks, ...checkHostSettings(context), checkPlugin(context, plugins), ...checkV1(plugins)];
  } catch (error) {
    return [...checks, ...checkHostSettings(context), failWith('plugin', error)];
  }
}

async function checkNode(context: InstallContext): Promise<Check> {
  const node = await findSessionNode(context);
  const problem = nodeProblem(node);
  if (problem !== undefined) return fail('node', problem.what, problem.remedy);
  const version = node.kind === 'fit' ? `${node.version} at ${node.path}` : '';
  return ok('node', `Node.js ${version} runs the plugin (needs ${NODE_FLOOR.slice(0, 5)})`);
}

function checkDelivery({ version }: ClaudeCode): Check {
  const problem = deliveryProblem(version);
  if (problem !== undefined) return warn('delivery', problem.what, problem.remedy);
  const { inboxSocket, fileChanged } = deliveryAbilities(version);
  const ways = [
    ...(inboxSocket ? ['the inbox socket of each session'] : []),
    ...(fileChanged ? ['a watched file (FileChanged)'] : []),
  ];
  return ok('delivery', `this version wakes idle sessions by ${ways.join(' or ')}`);
}

function checkHostSettings(context: InstallContext): Check[] {
  const found = readHostSettings(context);
  const file = hostSettingsFile(context);
  if (found.kind === 'invalid') {
    const what = `Claude Code's settings in ${file} cannot be read: ${found.reason}`;
    return [fail('claude-settings', what, 'Correct that file: Claude Code ignores all of it meanwhile.')];
  }
  if (found.kind === 'missing') return [];
  const { disableAllHooks, crossSessionInbound } = found.settings;
  if (disableAllHooks === true) return [warn('claude-settings', HOOKS_ARE_OFF.what, HOOKS_ARE_OFF.remedy)];
  if (crossSessionInbound !== 'refuse' && crossSessionInbound !== 'hold') return [];
  const becomes = crossSessionInbound === 'refuse' ? 'refused' : 'held for you';
  const what = `your settings say crossSessionInbound: ${crossSessionInbound}, so every message of a peer is ${becomes}`;
  return [
    warn('claude-settings', what, `Let single peers in with cahoots trust <peer>, or change it in ${file}.`),
  ];
}

function checkPlugin(context: InstallContext, plugins: readonly HostPlugin[]): Check {
  const plugin = installedIn(plugins);
  if (plugin === undefined) {
    const other = plugins.find(({ id }) => id === PLUGIN_ID);
    const what =
      other === undefined
        ? 'the plugin is not installed'
        : `the plugin is installed with scope ${other.scope} only`;
    return fail('plugin', what, 'Run: cahoots setup');
  }
  const { errors = [], enabled, version } = plugin;
  const shown = plugin.folderVersion ?? version;
  if (errors.length > 0)
    return fail('plugin', `Claude Code cannot load the plugin: ${errors.join('; ')}`, 'Run: cahoots setup');
  if (!enabled) return fail('plugin', 'the plugin is installed but not enabled', 'Run: cahoots setup');
  if (shown !== context.version) {
    return warn(
      'plugin',
      `the plugin has version ${shown}, this program ${context.version}`,
      'Run: cahoots setup',
    );
  }
  if (differs(context, plugin)) {
    return warn('plugin', `the plugin ${shown} differs from the one in this package`, 'Run: cahoots setup');
  }
  return ok('plugin', `plugin ${PLUGIN_ID} ${shown} is installed and enabled`);
}

/** Same version, other files: a package that was built anew. */
function differs(
  { packageRoot, paths }: InstallContext,
  { readFromFolder, installPath }: HostPlugin,
): boolean {
  const folder = readFromFolder ?? installPath;
  if (packageRoot === undefined || folder === undefined) return false;
  const digest = pluginDigest(folder);
  return digest !== undefined && !copyOf(paths.home, packageRoot).endsWith(`-${digest}`);
}

function checkV1(plugins: readonly HostPlugin[]): Check[] {
  const found = plugins.filter((plugin) => v1Plugin([plugin]) !== undefined);
  if (found.length === 0) return [];
  const what =
    found.length === 1 ? V1_COLLIDES.what : `${V1_COLLIDES.what} (${counted(found.length, 'time')})`;
  return [warn('v1-plugin', what, V1_COLLIDES.remedy)];
}
