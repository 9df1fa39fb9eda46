import { resolve } from 'node:path';
import type { InstallContext } from '../installer/install-context.ts';
import { systemClock } from '../lib/clock.ts';
import type { Call, OptionSpec } from './command.ts';

/** The option by which setup, doctor and uninstall are told of a Claude Code that is not on the PATH. */
export const CLAUDE_OPTION: OptionSpec = {
  name: 'claude',
  value: 'path',
  summary: 'the claude to use; by default CAHOOTS_CLAUDE, else the first on the PATH',
};

/** What setup, doctor and uninstall work with, from a call of theirs. */
export async function installContext(call: Call): Promise<InstallContext> {
  const { findPackageRoot } = await import('./lazy/setup.ts');
  const { paths, version, signal } = call;
  const named = call.option('claude');
  return {
    paths,
    version,
    signal,
    clock: systemClock,
    packageRoot: findPackageRoot(import.meta.dirname),
    claude: named === undefined ? undefined : resolve(named),
  };
}
