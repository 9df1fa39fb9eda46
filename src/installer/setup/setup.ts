import { join } from 'node:path';
import { CahootsError } from '../../protocol/errors.ts';
import { type InstallContext, MARKETPLACE, PLUGIN_ID } from '../install-context.ts';
import type { Step } from '../step.ts';
import { type ClaudeCode, findClaudeCode, type HostMarketplace, type HostPlugin } from './claude-code.ts';
import { hostSettingsFile, readHostSettings } from './host-settings.ts';
import { PLUGIN_FOLDER, pluginDigest, pluginVersion, requirePlugin } from './package-files.ts';
import { copyOf, digestOfCopy, markReplaced, placeCopy, pruneCopies } from './plugin-copy.ts';
import { warningsOf } from './setup-warnings.ts';

/** What setup is about to do; no step means that everything is in place already. */
export interface SetupPlan {
  readonly claude: ClaudeCode;
  /** The folder that Claude Code is given as the marketplace. */
  readonly copy: string;
  /** The version of the plugin that will be installed. */
  readonly version: string;
  readonly steps: readonly Step[];
  /** The plugin as it is installed now. */
  readonly installed: InstalledPlugin | undefined;
  /** Sentences about what will not work as it should, each with what to do. */
  readonly warnings: readonly string[];
}

/** The plugin as Claude Code tells it after setup. */
export interface InstalledPlugin {
  readonly id: string;
  readonly version: string;
  readonly enabled: boolean;
  /** Where sessions load it from. */
  readonly path: string;
}

/**
 * Looks at what is there and works out the changes that install the plugin of this package; changes nothing.
 *
 * The plugin is copied out of the package and offered to Claude Code from there, through Claude Code's own commands.
 * Throws `host-missing`, `host-command-failed`, `usage` for a package without a built plugin, and `setting-invalid` for
 * settings of Claude Code that it could not change.
 */
export async function planSetup(context: InstallContext): Promise<SetupPlan> {
  const packageRoot = requirePlugin(context.packageRoot);
  requireReadableSettings(context);
  const claude = await findClaudeCode(context);
  const [plugins, marketplaces] = await Promise.all([claude.plugins(), claude.marketplaces()]);
  const copy = copyOf(context.paths.home, packageRoot);
  const version = pluginVersion(packageRoot) ?? context.version;
  const marketplace = marketplaces.find(({ name }) => name === MARKETPLACE);
  const plan = { context, claude, copy, version, packageRoot, marketplace };
  return {
    claude,
    copy,
    version,
    steps: [...copySteps(plan), ...marketplaceSteps(plan), ...pluginSteps(plan, plugins)],
    installed: told(installedIn(plugins), marketplace?.path ?? copy),
    warnings: await warningsOf(context, { claude, plugins, packageRoot }),
  };
}

/**
 * Makes the changes of a plan one after the other and checks the outcome with Claude Code. `onStep` is called before each.
 *
 * Rejects with the error of the first step that fails; what was done stays, and a second setup goes on from there.
 */
export async function runSetup(
  context: InstallContext,
  { claude, copy, steps, version, installed }: SetupPlan,
  onStep: (step: Step) => void,
): Promise<InstalledPlugin> {
  if (steps.length === 0 && installed !== undefined) return installed;
  for (const step of steps) {
    onStep(step);
    await step.run();
  }
  const plugin = installedIn(await claude.plugins());
  const problem = problemOf(plugin, version);
  const result = told(plugin, copy);
  if (result === undefined || problem !== undefined) {
    throw new CahootsError('host-command-failed', `Claude Code took every command, but ${problem}.`, {
      remedy: 'See what "claude plugin list" says, and run cahoots doctor.',
      facts: { plugin: plugin ?? null },
    });
  }
  pruneCopies(context, copy);
  return result;
}

function told(plugin: HostPlugin | undefined, marketplace: string): InstalledPlugin | undefined {
  if (plugin === undefined) return undefined;
  const { id, version, enabled, readFromFolder } = plugin;
  return { id, version, enabled, path: readFromFolder ?? join(marketplace, PLUGIN_FOLDER) };
}

/** The plugin as this user has it for all projects, or undefined. */
export function installedIn(plugins: readonly HostPlugin[]): HostPlugin | undefined {
  return plugins.find(({ id, scope }) => id === PLUGIN_ID && scope === 'user');
}

interface Facts {
  readonly context: InstallContext;
  readonly claude: ClaudeCode;
  readonly packageRoot: string;
  readonly copy: string;
  readonly version: string;
  readonly marketplace: HostMarketplace | undefined;
}

function copySteps({ packageRoot, copy, version }: Facts): Step[] {
  if (digestOfCopy(copy) === pluginDigest(join(packageRoot, PLUGIN_FOLDER))) return [];
  return [
    {
      what: `copy the plugin (version ${version}) to ${copy}`,
      run: async () => placeCopy(packageRoot, copy),
    },
  ];
}

function marketplaceSteps({ context, claude, marketplace, copy }: Facts): Step[] {
  if (marketplace?.source === 'directory' && marketplace.path === copy) return [];
  const adding = command(claude, ['plugin', 'marketplace', 'add', copy], {
    what: `tell Claude Code of that folder as the marketplace "${MARKETPLACE}"${replacing(marketplace)}`,
  });
  const add: Step = {
    ...adding,
    run: async () => {
      if (marketplace?.path !== undefined) markReplaced(context, marketplace.path);
      await adding.run();
    },
  };
  if (marketplace === undefined || marketplace.source === 'directory') return [add];
  // 2.1.197 would mix the keys of the two sources into one entry of its settings.
  return [removeMarketplace(claude, `remove the marketplace "${MARKETPLACE}" of another source`), add];
}

function pluginSteps({ claude, copy, version, marketplace }: Facts, plugins: readonly HostPlugin[]): Step[] {
  const plugin = installedIn(plugins);
  const install = command(claude, ['plugin', 'install', PLUGIN_ID, '--scope', 'user'], {
    what: `install the plugin ${PLUGIN_ID} for you in all projects`,
  });
  const isRemovedBefore = marketplace !== undefined && marketplace.source !== 'directory';
  if (plugin === undefined || isRemovedBefore) return [install];
  const enable = plugin.enabled
    ? []
    : [
        command(claude, ['plugin', 'enable', PLUGIN_ID, '--scope', 'user'], {
          what: `enable the plugin ${PLUGIN_ID}`,
        }),
      ];
  if (plugin.version !== version) {
    const what = `update the plugin from ${plugin.version} to ${version}`;
    return [command(claude, ['plugin', 'update', PLUGIN_ID, '--scope', 'user'], { what }), ...enable];
  }
  if (isSameContent(plugin, copy)) return enable;
  // An update looks at the version alone.
  const args = ['plugin', 'uninstall', PLUGIN_ID, '--scope', 'user', '--keep-data'];
  return [command(claude, args, { what: `take out the plugin ${version}, whose files differ` }), install];
}

function isSameContent({ installPath }: HostPlugin, copy: string): boolean {
  if (installPath === undefined) return true;
  const digest = copy.slice(copy.lastIndexOf('-') + 1);
  return pluginDigest(installPath) === digest;
}

function replacing(marketplace: HostMarketplace | undefined): string {
  return marketplace?.path === undefined ? '' : `, instead of ${marketplace.path}`;
}

/** The step that takes a marketplace, and the plugins installed from it, out of Claude Code. */
export function removeMarketplace(claude: ClaudeCode, what: string): Step {
  return command(claude, ['plugin', 'marketplace', 'remove', MARKETPLACE], { what });
}

/** A step that is one command of Claude Code. */
export function command(claude: ClaudeCode, args: readonly string[], { what }: { what: string }): Step {
  return {
    what,
    command: ['claude', ...args],
    run: async () => {
      await claude.run(args);
    },
  };
}

/** Some versions of Claude Code say that they did it and leave a file that they cannot parse as it is. */
function requireReadableSettings(context: InstallContext): void {
  const found = readHostSettings(context);
  if (found.kind !== 'invalid') return;
  const file = hostSettingsFile(context);
  throw new CahootsError(
    'setting-invalid',
    `Claude Code's settings in ${file} cannot be read: ${found.reason}.`,
    {
      remedy: 'Correct that file first; nothing was changed.',
      facts: { file, reason: found.reason },
    },
  );
}

function problemOf(plugin: HostPlugin | undefined, version: string): string | undefined {
  if (plugin === undefined) return `it does not list ${PLUGIN_ID} now`;
  if (plugin.errors !== undefined && plugin.errors.length > 0)
    return `it cannot load the plugin: ${plugin.errors.join('; ')}`;
  if (!plugin.enabled) return 'the plugin is not enabled now';
  const shown = plugin.folderVersion ?? plugin.version;
  return shown === version ? undefined : `it has version ${shown} of the plugin, not ${version}`;
}
