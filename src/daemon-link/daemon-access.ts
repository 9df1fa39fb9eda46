import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { ResolvedConfig } from '../config/config.ts';
import { daemonPlace } from '../config/daemon-place.ts';
import { childEnvironment } from '../lib/child-environment.ts';
import { CahootsError } from '../protocol/errors.ts';
import { callDaemon, type DaemonAccess, type DaemonCall, ensureDaemon } from './daemon-client.ts';

/** Where the program of the daemon is, seen from a folder above this file: in a checkout or package, and in a plugin. */
const PROGRAM_PLACES = [join('plugin', 'dist', 'daemon', 'main.js'), join('dist', 'daemon', 'main.js')];

/** How the daemon of a caller's mailbox root is reached. Throws `daemon-failed` where its program is not there. */
export function daemonAccess({ config, version }: { config: ResolvedConfig; version: string }): DaemonAccess {
  return {
    place: daemonPlace(config),
    program: daemonProgram(import.meta.dirname),
    // A daemon serves one root, whichever way its first caller had named it, and belongs to no session that called it.
    env: { ...childEnvironment(config.env), BRIDGE_DIR: config.root },
    version,
  };
}

/**
 * Makes one call of the daemon's API, and sees to it that there is a daemon. One that ends at that very moment is
 * started again, once: a call that did not reach it did nothing.
 */
export async function callManaged(access: DaemonAccess, call: DaemonCall): Promise<unknown> {
  await ensureDaemon(access);
  try {
    return await callDaemon(access, call);
  } catch (error) {
    if (!(error instanceof CahootsError) || error.code !== 'daemon-unreachable') throw error;
    if (error.facts['reached'] === true) throw error;
    await ensureDaemon(access);
    return await callDaemon(access, call);
  }
}

function daemonProgram(from: string): string {
  for (let folder = from; ; folder = dirname(folder)) {
    const program = PROGRAM_PLACES.map((place) => join(folder, place)).find((path) => existsSync(path));
    if (program !== undefined) return program;
    if (folder === dirname(folder)) break;
  }
  throw new CahootsError('daemon-failed', 'The program of the daemon is not in this installation.', {
    remedy: 'Install cahoots again; in a checkout: npm run build',
    facts: { from },
  });
}
