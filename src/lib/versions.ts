/** Below zero when the first version is the older one; for versions of the form `2.1.329`. */
export function compareVersions(one: string, other: string): number {
  const [a, b] = [one, other].map((version) => version.split('.').map(Number));
  for (let index = 0; index < 3; index += 1) {
    const difference = (a?.[index] ?? 0) - (b?.[index] ?? 0);
    if (difference !== 0) return difference;
  }
  return 0;
}

/** The first version in what a program printed about itself, or undefined. */
export function versionIn(text: string): string | undefined {
  // Bounded: a program may print anything, and long runs of digits would be looked at again and again.
  return /(?<!\d)\d{1,9}\.\d{1,9}\.\d{1,9}/.exec(text)?.[0];
}
