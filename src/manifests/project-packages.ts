import { cargo } from './cargo.ts';
import { go } from './go.ts';
import { gradle } from './gradle.ts';
import type { ManifestFacts, ManifestReader } from './manifest-reader.ts';
import { maven } from './maven.ts';
import { npm } from './npm.ts';
import { MAX_PUBLISHED_PACKAGES, type PackageId, type Registry } from './package-id.ts';
import { ProjectFiles } from './project-files.ts';
import { python } from './python.ts';

/** What a project is known by to others, and what it uses of others. */
export interface Packages {
  /** At most 50. */
  readonly provides: readonly PackageId[];
  /** Without what the project provides itself. */
  readonly dependsOn: ReadonlySet<PackageId>;
}

const READERS: readonly ManifestReader[] = [npm, cargo, go, python, maven, gradle];

/** The registry whose dependencies a file of that name lists; undefined for any other file. */
export function registryOfManifest(name: string): Registry | undefined {
  return READERS.find(({ files }) => files.test(name))?.registry;
}

/**
 * The packages of one project folder, from the manifests in it and in the members of its workspace.
 *
 * Read again only when one of the files or folders that were looked at has changed. Never throws: a manifest that is
 * torn, too large or a link gives nothing.
 */
export class ProjectPackages {
  readonly #folder: string;
  #files: ProjectFiles | undefined;
  #reading: Promise<Packages> | undefined;

  constructor(folder: string) {
    this.#folder = folder;
  }

  /** What the manifests say now. */
  async read(): Promise<Packages> {
    if (this.#reading === undefined || this.#files?.isUnchanged() !== true) {
      this.#files = new ProjectFiles(this.#folder);
      this.#reading = readAll(this.#files);
    }
    return await this.#reading;
  }
}

async function readAll(files: ProjectFiles): Promise<Packages> {
  const facts = await Promise.all(READERS.map((reader) => attempt(reader, files)));
  const provides = new Set(facts.flatMap((one) => one.provides));
  const dependsOn = new Set(facts.flatMap((one) => one.dependsOn).filter((id) => !provides.has(id)));
  return { provides: [...provides].slice(0, MAX_PUBLISHED_PACKAGES), dependsOn };
}

/** A manifest that no reader was prepared for, nested too deeply for example, silences its own kind only. */
async function attempt({ read }: ManifestReader, files: ProjectFiles): Promise<ManifestFacts> {
  try {
    return await read(files);
  } catch {
    return { provides: [], dependsOn: [] };
  }
}
