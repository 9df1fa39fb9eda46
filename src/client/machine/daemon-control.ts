import { setTimeout } from 'node:timers/promises';
import type { ResolvedPaths } from '../../config/config.ts';
import { type DaemonPlace, daemonPlace } from '../../config/daemon-place.ts';
import { daemonAccess } from '../../daemon-link/daemon-access.ts';
import {
  callDaemon,
  type DaemonHealth,
  daemonHealth,
  ensureDaemon,
} from '../../daemon-link/daemon-client.ts';
import { identityOf, livenessOf, type ProcessIdentity } from '../../lib/process-identity.ts';
import { CahootsError } from '../../protocol/errors.ts';
import type { ClientContext } from '../client-context.ts';

const END_MS = 60_000;
const LOOK_MS = 25;

/** Whose daemon is meant. */
export interface DaemonOwner {
  readonly config: Pick<ResolvedPaths, 'root' | 'env'>;
}

/** The daemon of the caller’s mailbox root. */
export interface DaemonStatus {
  readonly place: DaemonPlace;
  /** Undefined when none runs. */
  readonly health: DaemonHealth | undefined;
}

/** Whether a daemon runs, and where; starts none. */
export async function daemonStatus({ config }: DaemonOwner): Promise<DaemonStatus> {
  const place = daemonPlace(config);
  return { place, health: await daemonHealth({ place }) };
}

/** Sees to it that the daemon runs. Rejects with `daemon-failed` and `daemon-version`. */
export async function startDaemon(context: ClientContext): Promise<DaemonStatus> {
  const access = daemonAccess(context);
  return { place: access.place, health: await ensureDaemon(access) };
}

/**
 * Ends the daemon, and resolves once its process is gone; with undefined when none ran. Rejects with `daemon-busy` while
 * sessions have a process, unless `force` is given: they are stopped then. Rejects with `wait-timeout` after a minute.
 */
export async function stopDaemon(
  context: DaemonOwner,
  { force }: { force: boolean },
): Promise<DaemonHealth | undefined> {
  const { place, health } = await daemonStatus(context);
  if (health === undefined) return undefined;
  const identity = identityOf(health.pid);
  const ifIdle = !force;
  const call = { method: 'POST', path: '/v1/shut-down', body: { ifIdle } } as const;
  const { ends } = (await callDaemon({ place }, call)) as { ends?: boolean };
  if (ends !== true) {
    const { running } = health;
    const count = running === 1 ? '1 managed session runs' : `${running} managed sessions run`;
    throw new CahootsError('daemon-busy', `${count} in the daemon.`, {
      remedy: 'See what runs: cahoots list. Stop it all: cahoots daemon stop --force',
      facts: { pid: health.pid, running },
    });
  }
  if (identity === undefined || (await endsInTime(identity))) return health;
  throw new CahootsError('wait-timeout', `The daemon (process ${health.pid}) has not ended within 60 s.`, {
    remedy: `Its log says what it waits for: ${place.log}`,
    facts: { pid: health.pid, log: place.log },
  });
}

async function endsInTime(identity: ProcessIdentity): Promise<boolean> {
  const deadline = performance.now() + END_MS;
  for (;;) {
    if (livenessOf(identity) !== 'alive') return true;
    if (performance.now() >= deadline) return false;
    await setTimeout(LOOK_MS);
  }
}
