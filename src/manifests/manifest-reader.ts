import type { PackageId, Registry } from './package-id.ts';
import type { ProjectFiles } from './project-files.ts';

/** What the manifests of one kind say of a project, its workspace members included. */
export interface ManifestFacts {
  readonly provides: readonly PackageId[];
  readonly dependsOn: readonly PackageId[];
}

/** Reads the manifests of one kind. One that is torn or says nothing gives nothing. */
export interface ManifestReader {
  readonly registry: Registry;
  /** Names of files, manifests and lock files, in which a dependency is changed. */
  readonly files: RegExp;
  readonly read: (files: ProjectFiles) => ManifestFacts | Promise<ManifestFacts>;
}
