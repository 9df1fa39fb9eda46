import { homedir } from 'node:os';
import { sep } from 'node:path';

/** A path for people: below the home folder it begins with `~`. */
export function shortPath(path: string, env: Readonly<Record<string, string | undefined>>): string {
  const home = env['HOME'] || homedir();
  if (path === home) return '~';
  return path.startsWith(home + sep) ? `~${path.slice(home.length)}` : path;
}
