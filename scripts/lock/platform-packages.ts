/** One package of a lock file, as far as it matters here. */
export interface LockedPackage {
  readonly version?: string;
  readonly resolved?: string;
  readonly license?: string;
  readonly dev?: boolean;
  readonly optional?: boolean;
  readonly engines?: Readonly<Record<string, string>>;
  readonly optionalDependencies?: Readonly<Record<string, string>>;
}

/** A `package-lock.json` of version 3. */
export interface LockFile {
  readonly packages: Readonly<Record<string, LockedPackage>>;
}

/** The platform packages that a package of the lock asks for and the lock does not hold, as `name@version`. */
export function missingPlatformPackages(lock: LockFile): string[] {
  return gaps(lock).map(({ name, version }) => `${name}@${version}`);
}

/**
 * Adds an entry for every platform package that is missing: with its version, and with the platform read from its name,
 * so that npm passes over it elsewhere; without a checksum, which npm fills in when it can see the package.
 */
export function completeLock(lock: LockFile): { completed: LockFile; added: string[] } {
  const packages: Record<string, LockedPackage> = { ...lock.packages };
  for (const { name, version, parent } of gaps(lock)) {
    packages[`node_modules/${name}`] = {
      version,
      ...platformOf(name),
      ...(parent.dev === undefined ? {} : { dev: parent.dev }),
      ...(parent.license === undefined ? {} : { license: parent.license }),
      optional: true,
      ...(parent.engines === undefined ? {} : { engines: parent.engines }),
    };
  }
  const sorted = Object.fromEntries(Object.entries(packages).sort(([a], [b]) => (a < b ? -1 : 1)));
  return { completed: { ...lock, packages: sorted }, added: missingPlatformPackages(lock) };
}

function gaps(lock: LockFile): { name: string; version: string; parent: LockedPackage }[] {
  return Object.values(lock.packages).flatMap((parent) =>
    Object.entries(parent.optionalDependencies ?? {})
      .filter(([name]) => lock.packages[`node_modules/${name}`] === undefined)
      .map(([name, version]) => ({ name, version, parent })),
  );
}

/** `@oxlint/binding-linux-arm64-musl` → linux, arm64, musl. */
function platformOf(name: string): { os: string[]; cpu: string[]; libc?: string[] } {
  const [os, cpu, abi] = (name.split('/').at(-1) ?? '').replace(/^(?:cli|binding)-/, '').split('-');
  if (os === undefined || cpu === undefined) {
    throw new Error(`${name} is missing in the lock file, and its name does not tell its platform.`);
  }
  const platform = { os: [os], cpu: [cpu] };
  if (os !== 'linux' || abi === undefined) return platform;
  return { ...platform, libc: [abi.startsWith('musl') ? 'musl' : 'glibc'] };
}
