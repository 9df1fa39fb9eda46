/** Where a package is named: Gradle and Maven share their coordinates. */
const REGISTRIES = ['npm', 'cargo', 'go', 'pypi', 'maven'] as const;
export type Registry = (typeof REGISTRIES)[number];

/** A package by its registry and name: `npm:my-library`, `maven:com.acme:lib`. */
export type PackageId = `${Registry}:${string}`;

/** Most packages that a seat says it provides, and the longest id of one. */
export const MAX_PUBLISHED_PACKAGES = 50;
const MAX_ID_CHARACTERS = 200;
/** Most names in one line of a list. */
const SHOWN_NAMES = 3;

const NAME = /^[A-Za-z0-9@_][A-Za-z0-9@/._:~+-]*$/;

/** The id of a package; undefined for what can be no name of one. Python's names are brought to one spelling (PEP 503). */
export function packageId(registry: Registry, name: string): PackageId | undefined {
  const id: PackageId = `${registry}:${registry === 'pypi' ? normalised(name) : name}`;
  return id.length <= MAX_ID_CHARACTERS && NAME.test(name) ? id : undefined;
}

/** Those of the names that are names of packages, as ids. */
export function packageIds(registry: Registry, names: Iterable<string>): PackageId[] {
  return [...names].flatMap((name) => packageId(registry, name) ?? []);
}

/** Registry and name of an id that another process wrote; undefined when it is none. */
export function parsePackageId(text: string): { registry: Registry; name: string } | undefined {
  const colon = text.indexOf(':');
  const registry = REGISTRIES.find((known) => known === text.slice(0, colon));
  const name = text.slice(colon + 1);
  return registry !== undefined && packageId(registry, name) === text ? { registry, name } : undefined;
}

/** The packages of a list that another process wrote which this project uses, without their registry. */
export function usedNames(
  published: readonly string[] | undefined,
  dependsOn: ReadonlySet<string>,
): readonly string[] {
  return (published ?? [])
    .slice(0, MAX_PUBLISHED_PACKAGES)
    .flatMap((id) => (dependsOn.has(id) ? (parsePackageId(id)?.name ?? []) : []));
}

/** What is said of a peer in a list: `owns my-library, which this project uses`; an empty text when it owns none. */
export function ownsText(used: readonly string[]): string {
  if (used.length === 0) return '';
  const more = used.length > SHOWN_NAMES ? ` and ${used.length - SHOWN_NAMES} more` : '';
  return `owns ${used.slice(0, SHOWN_NAMES).join(', ')}${more}, which this project uses`;
}

function normalised(name: string): string {
  return name.toLowerCase().replace(/[-_.]+/g, '-');
}
