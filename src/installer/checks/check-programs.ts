import { type InstallContext, MARKETPLACE, NODE_FLOOR, PLUGIN_ID } from '../install-context.ts';
import { type ClaudeCode, findClaudeCode, type HostPlugin } from '../setup/claude-code.ts';
import { deliveryAbilities, deliveryProblem } from '../setup/delivery-paths.ts';
import { hostSettingsFile, readHostSettings } from '../setup/host-settings.ts';
import { pluginDigest, pluginVersion } from '../setup/package-files.ts';
import { digestOfCopy } from '../setup/plugin-copy.ts';
import { findSessionNode, nodeProblem } from '../setup/session-node.ts';
import { installedIn } from '../setup/setup.ts';
import { HOOKS_ARE_OFF, V1_COLLIDES, v1Plugin } from '../setup/setup-warnings.ts';
import { type Check, fail, failWith, ok, warn } from './check.ts';

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
    const [plugins, marketplaces] = await Promise.all([claude.plugins(), claude.marketplaces()]);
    const source = marketplaces.find(({ name }) => name === MARKETPLACE)?.path;
    const plugin = checkPlugin(context, { plugins, source });
    return [...checks, ...checkHostSettings(context), plugin, ...checkV1(plugins)];
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

function checkPlugin(
  { version, packageRoot }: InstallContext,
  { plugins, source }: { plugins: readonly HostPlugin[]; source: string | undefined },
): Check {
  const remedy = 'Run: cahoots setup';
  const plugin = installedIn(plugins);
  if (plugin === undefined) {
    const other = plugins.find(({ id }) => id === PLUGIN_ID);
    const only = other === undefined ? 'not installed' : `installed with scope ${other.scope} only`;
    return fail('plugin', `the plugin is ${only}`, remedy);
  }
  const { errors = [], enabled, installPath } = plugin;
  if (errors.length > 0)
    return fail('plugin', `Claude Code cannot load the plugin: ${errors.join('; ')}`, remedy);
  if (!enabled) return fail('plugin', 'the plugin is installed but not enabled', remedy);
  // Sessions load it from the marketplace's folder where it has one.
  const shown = (source === undefined ? undefined : pluginVersion(source)) ?? plugin.version;
  if (shown !== version)
    return warn('plugin', `the plugin has version ${shown}, this program ${version}`, remedy);
  const digest = source === undefined ? digestOf(installPath) : digestOfCopy(source);
  if (packageRoot !== undefined && digest !== digestOfCopy(packageRoot))
    return warn('plugin', `the plugin ${shown} is not the one of this package: its files differ`, remedy);
  return ok('plugin', `the plugin ${PLUGIN_ID} ${shown} is installed and enabled`);
}

function digestOf(folder: string | undefined): string | undefined {
  return folder === undefined ? undefined : pluginDigest(folder);
}

function checkV1(plugins: readonly HostPlugin[]): Check[] {
  return v1Plugin(plugins) === undefined ? [] : [warn('v1-plugin', V1_COLLIDES.what, V1_COLLIDES.remedy)];
}
