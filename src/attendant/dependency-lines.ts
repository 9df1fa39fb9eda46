import { realpathSync } from 'node:fs';
import { sep } from 'node:path';
import type { Peer } from '../directory/peers.ts';
import { senderOf } from '../mail/offer-text.ts';
import type { Installed } from '../manifests/install-command.ts';
import { mentionOf } from '../manifests/mentions.ts';
import { MAX_PUBLISHED_PACKAGES, type PackageId, parsePackageId } from '../manifests/package-id.ts';
import type { Packages } from '../manifests/project-packages.ts';
import type { WorkCause } from '../manifests/work-causes.ts';

/** A package of a peer that the work has come upon, and why. */
export interface Concern {
  readonly name: string;
  readonly peer: Peer;
  /** The same for the same package, kind of cause and version: told once. */
  readonly key: string;
}

export interface ConcernView {
  /** The project folder. */
  readonly project: string;
  readonly packages: Packages;
  /** Every peer but the own seat. */
  readonly peers: readonly Peer[];
}

/** The packages of open peers that causes have to do with, each with all its reasons. */
export function concernsOf(causes: readonly WorkCause[], view: ConcernView): Concern[] {
  const own = new Set<string>(view.packages.provides);
  return view.peers.filter(canBeAsked).flatMap((peer) =>
    (peer.record?.packages ?? []).slice(0, MAX_PUBLISHED_PACKAGES).flatMap((text) => {
      const parsed = own.has(text) ? undefined : parsePackageId(text);
      if (parsed === undefined) return [];
      const id: PackageId = `${parsed.registry}:${parsed.name}`;
      return causes.flatMap((cause) => {
        const version = versionIn(cause, { id, peer, view });
        return version === undefined
          ? []
          : [{ name: parsed.name, peer, key: `${id} ${cause.kind} ${version}` }];
      });
    }),
  );
}

/** One line for the model: which packages are open where. */
export function hintLine(concerns: readonly Concern[]): string {
  const places = concerns.map(
    ({ name, peer }) =>
      `\`${name}\` is open in the session ${senderOf({ from: peer.id, metadata: { fromName: peer.name } })}`,
  );
  const whom = concerns.length === 1 ? 'it' : 'them';
  return `${places.join(', ')}: ask ${whom} what changed before you guess (cahoots tool ask).`;
}

/** A question to a closed session would be held, and nobody reads it in one that is away. */
function canBeAsked({ state, record }: Peer): boolean {
  return state !== 'away' && record?.attention !== 'closed';
}

/** The version that a cause names with the package, an empty one for none; undefined when it does not concern it. */
function versionIn(
  cause: WorkCause,
  { id, peer, view }: { id: PackageId; peer: Peer; view: ConcernView },
): string | undefined {
  switch (cause.kind) {
    case 'install':
      return cause.installed.find((one: Installed) => one.id === id)?.version;
    case 'edit':
      if (!id.startsWith(`${cause.registry}:`) || !isIn(view.project, cause.path)) return undefined;
      return view.packages.dependsOn.has(id) ? mentionOf(id, cause.text)?.version : undefined;
    case 'failure': {
      if (!view.packages.dependsOn.has(id)) return undefined;
      // A linked package shows up by the folder that it is developed in. Which version failed says nothing.
      const isNamed =
        namesFolder(cause.text, peer.path, view.project) || mentionOf(id, cause.text) !== undefined;
      return isNamed ? '' : undefined;
    }
  }
}

/** Whether a text names a file in a peer's folder; not where the own project lies in it, whose files all do. */
function namesFolder(text: string, folder: string, project: string): boolean {
  const start = `${folder}${sep}`;
  return folder.length > 1 && !`${project}${sep}`.startsWith(start) && text.includes(start);
}

function isIn(project: string, path: string): boolean {
  return [project, realFolder(project)].some((folder) => path.startsWith(`${folder}${sep}`));
}

function realFolder(path: string): string {
  try {
    return realpathSync(path);
  } catch {
    return path;
  }
}
