import { realpathSync } from 'node:fs';
import { join } from 'node:path';
import { daemonStatus, stopDaemon } from '../../client/machine/daemon-control.ts';
import { listPeers, type Peer } from '../../directory/peers.ts';
import { unlessGone } from '../../lib/errno.ts';
import { isThere, requireOwnFolder, seatsFolder, sessionsFolder } from '../../mailbox/seat-folder.ts';
import { CahootsError } from '../../protocol/errors.ts';
import { type InstallContext, MARKETPLACE, PLUGIN_ID } from '../install-context.ts';
import { type ClaudeCode, findClaudeCode, type HostPlugin } from '../setup/claude-code.ts';
import { hostSettingsFile, readHostSettings } from '../setup/host-settings.ts';
import { MARKETPLACE_FILE } from '../setup/package-files.ts';
import { command, installedIn, removeMarketplace } from '../setup/setup.ts';
import type { Step } from '../step.ts';
import { compileCache, isUntidy, type OwnFile, ownCopies, ownMail, tidyRoot } from './own-files.ts';
import { type UnreadMail, unreadMail } from './unread-mail.ts';

/** What uninstall is about to remove; no step means that there is nothing of ours. */
export interface UninstallPlan {
  readonly steps: readonly Step[];
  /** Goes in any case: the run that plans made it. */
  readonly always: Step;
  /** Mail that nobody has read, seat by seat. It is lost only when `steps` removes the seats. */
  readonly unread: readonly UnreadMail[];
  /** What stays, as sentences. */
  readonly kept: readonly string[];
}

/** What became of a plan. */
export interface UninstallResult {
  readonly removed: readonly string[];
  readonly failed: readonly { readonly what: string; readonly reason: string }[];
}

/**
 * Works out what to remove: the daemon with its sessions, the plugin and its marketplace by Claude Code's own commands, our copies and caches, and with
 * `mail` everything of ours in the mailbox root. Changes nothing, and works also where Claude Code is gone.
 *
 * With `mail` it throws `seat-held` while sessions sit on their seats, and `root-not-ours` or `root-link` for a root that
 * is not this user's.
 */
export async function planUninstall(
  context: InstallContext,
  { mail }: { mail: boolean },
): Promise<UninstallPlan> {
  const { root } = context.paths;
  const hasRoot = isThere(root);
  if (mail && hasRoot) {
    requireOwnRoot(root);
    requireNobodyHere(context);
  }
  const [daemon, host] = await Promise.all([daemonSteps(context), hostSteps(context)]);
  const mailFiles = mail && hasRoot ? ownMail(context.paths) : [];
  const tidy = mail && hasRoot && (mailFiles.length > 0 || isUntidy(root)) ? [tidyStep(root)] : [];
  const steps = [
    ...daemon,
    ...host.steps,
    ...[...ownCopies(context.paths), ...mailFiles].map(fileStep),
    ...tidy,
  ];
  const cacheStep = fileStep(compileCache(context.paths));
  const here = sittingSessions(context);
  return {
    steps: steps.length === 0 ? [] : [...steps, cacheStep],
    always: cacheStep,
    unread: unreadMail(root),
    kept: [
      ...host.kept,
      ...(hasRoot && !mail ? [`The mailboxes stay in ${root}; cahoots uninstall --mail removes them.`] : []),
      ...(here.length === 0
        ? []
        : [`${describeSitting(here)} until they end: what they have loaded stays in use.`]),
    ],
  };
}

/** Removes what a plan says. A step that fails does not keep the others from being tried. */
export async function runUninstall({ steps, always }: UninstallPlan): Promise<UninstallResult> {
  const removed: string[] = [];
  const failed: { what: string; reason: string }[] = [];
  for (const step of new Set([...steps, always])) {
    try {
      await step.run();
      if (steps.includes(step)) removed.push(step.what);
    } catch (error) {
      failed.push({ what: step.what, reason: error instanceof Error ? error.message : String(error) });
    }
  }
  return { removed, failed };
}

/** No process of ours is left behind. */
async function daemonSteps({ paths }: InstallContext): Promise<Step[]> {
  const { health } = await daemonStatus({ config: paths });
  if (health === undefined) return [];
  const { pid, running } = health;
  const sessions = running === 1 ? '1 managed session' : `${running} managed sessions`;
  return [
    {
      what: `the daemon (process ${pid}), which stops ${sessions} and ends`,
      run: async () => void (await stopDaemon({ config: paths }, { force: true })),
    },
  ];
}

interface HostPart {
  readonly steps: readonly Step[];
  readonly kept: readonly string[];
}

async function hostSteps(context: InstallContext): Promise<HostPart> {
  let claude: ClaudeCode;
  try {
    claude = await findClaudeCode(context);
  } catch (error) {
    if (!(error instanceof CahootsError) || error.code !== 'host-missing') throw error;
    return { steps: [], kept: leftInSettings(context) };
  }
  const [plugins, marketplaces] = await Promise.all([claude.plugins(), claude.marketplaces()]);
  const plugin = installedIn(plugins);
  const others = plugins.filter(({ id }) => id !== PLUGIN_ID && id.endsWith(`@${MARKETPLACE}`));
  const isListed = marketplaces.some(({ name }) => name === MARKETPLACE);
  const uninstall = command(claude, ['plugin', 'uninstall', PLUGIN_ID, '--scope', 'user'], {
    what: `the plugin ${PLUGIN_ID} in Claude Code`,
  });
  const kept = elsewhere(plugins);
  if (others.length > 0) {
    const names = others.map(({ id }) => id).join(', ');
    kept.push(`The marketplace "${MARKETPLACE}" stays: ${names} came from it.`);
  }
  const isRemoved = isListed && others.length === 0;
  const remains = plugin === undefined && !isListed ? remainderSteps(context, claude) : [];
  return {
    steps: [
      ...(plugin === undefined ? [] : [uninstall]),
      ...(isRemoved ? [removeMarketplace(claude, `the marketplace "${MARKETPLACE}" in Claude Code`)] : []),
      ...remains,
    ],
    kept,
  };
}

/** An entry of a plugin that is not installed is taken out together with a marketplace, and by no other command. */
function remainderSteps(context: InstallContext, claude: ClaudeCode): Step[] {
  const { packageRoot } = context;
  if (
    !isNamedInSettings(context) ||
    packageRoot === undefined ||
    !isThere(join(packageRoot, MARKETPLACE_FILE))
  )
    return [];
  return [
    {
      what: `the entry ${PLUGIN_ID} that an unfinished installation left in ${hostSettingsFile(context)}`,
      command: ['claude', 'plugin', 'marketplace', 'remove', MARKETPLACE],
      run: async () => {
        await claude.run(['plugin', 'marketplace', 'add', packageRoot]);
        await claude.run(['plugin', 'marketplace', 'remove', MARKETPLACE]);
      },
    },
  ];
}

/** A project may have the plugin for itself: that is a file of the project. */
function elsewhere(plugins: readonly HostPlugin[]): string[] {
  return plugins
    .filter(({ id, scope }) => id === PLUGIN_ID && scope !== 'user')
    .map(
      ({ scope }) =>
        `The plugin is also installed with scope ${scope}: run "claude plugin uninstall ${PLUGIN_ID} --scope ${scope}" in that project.`,
    );
}

function leftInSettings(context: InstallContext): string[] {
  if (!isNamedInSettings(context)) return [];
  const file = hostSettingsFile(context);
  return [
    `Claude Code is gone, and its settings (${file}) still name the plugin. That does nothing; should you install Claude Code again, run cahoots uninstall once more.`,
  ];
}

function isNamedInSettings(context: InstallContext): boolean {
  const found = readHostSettings(context);
  if (found.kind !== 'settings') return false;
  const { enabledPlugins = {}, extraKnownMarketplaces = {} } = found.settings;
  return PLUGIN_ID in enabledPlugins || MARKETPLACE in extraKnownMarketplaces;
}

function fileStep({ path, what, remove }: OwnFile): Step {
  return { what: `${what}: ${path}`, run: async () => remove() };
}

function tidyStep(root: string): Step {
  return {
    what: `locks, temporary files and empty folders of ours: ${root}`,
    run: async () => tidyRoot(root),
  };
}

function requireOwnRoot(root: string): void {
  for (const folder of [realpathSync(root), seatsFolder(root), sessionsFolder(root)]) {
    if (isThere(folder)) requireOwnFolder(folder);
  }
}

function requireNobodyHere(context: InstallContext): void {
  const here = sittingSessions(context);
  if (here.length === 0) return;
  throw new CahootsError('seat-held', `${describeSitting(here)}: their mail cannot be removed under them.`, {
    remedy: 'End these sessions first, or leave --mail out: the mailboxes stay then.',
    facts: { seats: here.map(({ id, name, path }) => ({ id, name, path })) },
  });
}

/** Seats at which a process sits or listens now. */
function sittingSessions({ paths: { root }, clock }: InstallContext): Peer[] {
  const peers = unlessGone(() => listPeers(root, clock.now()), []);
  return peers.filter(
    ({ record, kind, state }) =>
      record !== undefined &&
      // The daemon ends before the mail goes, and its sessions with it.
      kind !== 'managed' &&
      (kind === 'shell' ? state === 'listening' : state !== 'away'),
  );
}

function describeSitting(here: readonly Peer[]): string {
  const names = here.map(({ name, id }) => `${name} (${id})`).join(', ');
  return here.length === 1 ? `A session is here, ${names}` : `${here.length} sessions are here, ${names}`;
}
