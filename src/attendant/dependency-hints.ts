import type { DoneWork } from '../agents/live-host.ts';
import { listPeers, type Peer } from '../directory/peers.ts';
import type { Clock } from '../lib/clock.ts';
import type { PackageId } from '../manifests/package-id.ts';
import type { Packages, ProjectPackages } from '../manifests/project-packages.ts';
import type { SeatId } from '../protocol/ids.ts';
import type { Concern } from './dependency-lines.ts';

export interface DependencyHintsOptions {
  readonly root: string;
  readonly clock: Clock;
  /** The project folder of the session. */
  readonly project: string;
  /** The own seat, which is no peer. */
  readonly self: () => SeatId | undefined;
  /** Called when what the project provides is known, or has changed. */
  readonly onProvided: () => void;
  readonly onFault: (error: unknown) => void;
}

/** The session is doing something else when it starts: what its project provides is found out a little later. */
const FIRST_LOOK_MS = 1_000;
const MAX_TOLD = 1_000;
/** Most packages that one line names; the others' turn comes with their next cause. */
const MAX_NAMED = 3;

/**
 * Knows what the session's project provides and uses, and notices in what its tools did when that concerns a package
 * that an open peer provides: a manifest that names it was changed, a command installs it, a command that failed names it.
 *
 * By fixed rules, no model decides. What it needs for that is loaded when it is first needed.
 */
export class DependencyHints {
  readonly #options: DependencyHintsOptions;
  #packages: ProjectPackages | undefined;
  #provided: readonly PackageId[] | undefined;
  #told = new Set<string>();
  #conversation = '';
  #timer: NodeJS.Timeout | undefined;

  constructor(options: DependencyHintsOptions) {
    this.#options = options;
  }

  /** What the project provides, for peers to read; undefined as long as it is not known. */
  get provided(): readonly PackageId[] | undefined {
    return this.#provided;
  }

  /** Looks at the project's manifests in a moment. */
  start(): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => void this.#look(), FIRST_LOOK_MS).unref();
  }

  /** Looks no more. */
  stop(): void {
    clearTimeout(this.#timer);
  }

  /** What the project's manifests say now. */
  async packages(): Promise<Packages> {
    if (this.#packages === undefined) {
      const loaded = await import('../manifests/project-packages.ts');
      this.#packages ??= new loaded.ProjectPackages(this.#options.project);
    }
    const packages = await this.#packages.read();
    if (this.#provided?.join() !== packages.provides.join()) {
      this.#provided = packages.provides;
      this.#options.onProvided();
    }
    return packages;
  }

  /** One line about packages that the work of tools came upon, once for each cause in a conversation. */
  async lineFor(conversation: string, work: DoneWork): Promise<string | undefined> {
    try {
      return await this.#lineFor(conversation, work);
    } catch (error) {
      this.#options.onFault(error);
      return undefined;
    }
  }

  async #lineFor(conversation: string, work: DoneWork): Promise<string | undefined> {
    const { causesIn } = await import('../manifests/work-causes.ts');
    const causes = causesIn(work.steps());
    if (causes.length === 0) return undefined;
    const peers = this.#peers().filter(({ record }) => (record?.packages ?? []).length > 0);
    if (peers.length === 0) return undefined;
    const { concernsOf, hintLine } = await import('./dependency-lines.ts');
    const { project } = this.#options;
    const concerns = concernsOf(causes, { project, packages: await this.packages(), peers });
    const named = this.#notTold(conversation, concerns);
    return named.length === 0 ? undefined : hintLine(named);
  }

  /** One concern for each package that has a cause not told yet; all its causes count as told then. */
  #notTold(conversation: string, concerns: readonly Concern[]): Concern[] {
    if (conversation !== this.#conversation || this.#told.size > MAX_TOLD) this.#told = new Set();
    this.#conversation = conversation;
    const fresh = concerns.filter(({ key }) => !this.#told.has(key));
    const named = new Map(fresh.toReversed().map((concern) => [concern.name, concern]));
    const shown = [...named.values()].reverse().slice(0, MAX_NAMED);
    for (const { name } of shown) {
      for (const concern of fresh) if (concern.name === name) this.#told.add(concern.key);
    }
    return shown;
  }

  #peers(): Peer[] {
    const { root, clock, self } = this.#options;
    const own = self();
    return listPeers(root, clock.now()).filter(({ id }) => id !== own);
  }

  async #look(): Promise<void> {
    try {
      await this.packages();
    } catch (error) {
      this.#options.onFault(error);
    }
  }
}
