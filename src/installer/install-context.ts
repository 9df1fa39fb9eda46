import type { ResolvedPaths } from '../config/config.ts';
import type { Clock } from '../lib/clock.ts';

/** What setup, doctor and uninstall work with. */
export interface InstallContext {
  readonly paths: ResolvedPaths;
  readonly clock: Clock;
  /** The version of this program. */
  readonly version: string;
  /** The folder of the package that this program belongs to; undefined when it cannot be found. */
  readonly packageRoot: string | undefined;
  /** A `claude` to use instead of the one on the PATH. */
  readonly claude: string | undefined;
  /** Aborts when the person or system ends the process. */
  readonly signal: AbortSignal;
}

/** The plugin and its marketplace as Claude Code names them. */
const PLUGIN = 'cahoots';
export const MARKETPLACE = 'cahoots';
export const PLUGIN_ID = `${PLUGIN}@${MARKETPLACE}`;

/** The lowest version of Node that runs the plugin. */
export const NODE_FLOOR = '22.13.0';
