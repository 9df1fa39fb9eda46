import { listPeers, type Peer } from '../../directory/peers.ts';
import { openRoot } from '../../mailbox/seat-folder.ts';
import { MAX_PUBLISHED_PACKAGES, usedNames } from '../../manifests/package-id.ts';
import type { ClientContext } from '../client-context.ts';
import { findOwnSeat } from './own-seat.ts';

/** A peer, and what it is to the seat that the call speaks for. */
export interface ListedPeer extends Peer {
  /** It is that seat itself. */
  readonly you: boolean;
  /** What its project provides, as `npm:my-library`. */
  readonly packages: readonly string[];
  /** The names of those packages which the caller's project uses. */
  readonly used: readonly string[];
}

/**
 * Every peer, those who are here first, then by name; an address that names no seat marks none as `you`. The manifests of
 * the seat's project, or else of the folder that the call is made in, say what of the peers is used there.
 */
export async function peerList(context: ClientContext, address: string | undefined): Promise<ListedPeer[]> {
  const { config, clock } = context;
  openRoot(config.root);
  const peers = listPeers(config.root, clock.now());
  const own = findOwnSeat(context, { address, use: 'speak' }, peers);
  const dependsOn = await dependenciesOf(own?.projectPath ?? config.projectDir, peers);
  return peers
    .map((peer) => {
      const you = peer.id === own?.sessionId;
      const packages = (peer.record?.packages ?? []).slice(0, MAX_PUBLISHED_PACKAGES);
      return { ...peer, you, packages, used: you ? [] : usedNames(packages, dependsOn) };
    })
    .sort(
      (a, b) =>
        Number(a.state === 'away') - Number(b.state === 'away') ||
        compare(a.name, b.name) ||
        compare(a.id, b.id),
    );
}

/** Not read where nobody provides anything. */
async function dependenciesOf(folder: string, peers: readonly Peer[]): Promise<ReadonlySet<string>> {
  if (!peers.some(({ record }) => (record?.packages ?? []).length > 0)) return new Set();
  const { ProjectPackages } = await import('../../manifests/project-packages.ts');
  return (await new ProjectPackages(folder).read()).dependsOn;
}

/** By code unit: a comparison by language takes ten times as long in a long list. */
function compare(a: string, b: string): number {
  return a < b ? -1 : Number(a > b);
}
