import { lstatSync, opendirSync, realpathSync } from 'node:fs';
import { dirname, isAbsolute, join, relative, sep } from 'node:path';
import { readRegular } from '../lib/read-regular.ts';

const MAX_FILE_BYTES = 1024 * 1024;
/** Of all manifests of a project together. */
const MAX_BYTES = 16 * 1024 * 1024;
const MAX_ENTRIES = 2_000;
/** Most members of a workspace that are looked at. */
const MAX_MEMBERS = 64;

/** What a look at a file or folder found, to see later whether it has changed. */
type Stamp = string;

/**
 * The files of a project folder as its manifests are read: each at most 1 MiB, none through a link that leads out of the
 * folder. Whatever cannot be read is not there; nothing throws. Keeps in mind what was looked at.
 */
export class ProjectFiles {
  readonly #root: string;
  readonly #stamps = new Map<string, Stamp>();
  #bytes = 0;

  constructor(root: string) {
    this.#root = orNothing(() => realpathSync(root)) ?? root;
  }

  /** The text of a file, by its path from the project's folder. */
  text(path: string): string | undefined {
    const file = this.#inside(path);
    if (file === undefined) return undefined;
    this.#stamps.set(file, stampOf(file));
    const found = orNothing(() => readRegular(file, Math.min(MAX_FILE_BYTES, MAX_BYTES - this.#bytes)));
    if (found?.kind !== 'text') return undefined;
    this.#bytes += found.bytes;
    return found.text;
  }

  /** Names of the files or folders in a folder, without links. */
  list(path: string, kind: 'file' | 'folder'): string[] {
    const entry = this.#inside(join(path, 'entry'));
    if (entry === undefined) return [];
    const folder = dirname(entry);
    this.#stamps.set(folder, stampOf(folder));
    return orNothing(() => entriesOf(folder, kind)) ?? [];
  }

  /**
   * The folders that a workspace names: paths, or patterns with `*` in their last part; with `!` they are left out. One
   * level: `**` counts as `*`.
   */
  members(patterns: readonly string[]): string[] {
    const wanted = patterns.filter((pattern) => !pattern.startsWith('!'));
    const unwanted = patterns.filter((pattern) => pattern.startsWith('!')).map((pattern) => pattern.slice(1));
    const left = new Set(unwanted.flatMap((pattern) => this.#expand(pattern)));
    const found = wanted.flatMap((pattern) => this.#expand(pattern)).filter((path) => !left.has(path));
    return [...new Set(found)].slice(0, MAX_MEMBERS);
  }

  /** Whether everything that was looked at is as it was then. */
  isUnchanged(): boolean {
    return [...this.#stamps].every(([path, stamp]) => stampOf(path) === stamp);
  }

  #expand(pattern: string): string[] {
    const parts = pattern.split(/[\\/]/).filter((part) => part !== '' && part !== '.');
    const last = parts.pop() ?? '';
    if (parts.some((part) => part.includes('*'))) return [];
    const folder = parts.join('/');
    if (!last.includes('*')) return last === '' ? [] : [join(folder, last)];
    return this.list(folder, 'folder')
      .filter((name) => !name.startsWith('.') && name !== 'node_modules' && fits(name, last))
      .sort()
      .map((name) => join(folder, name));
  }

  /** The absolute path; undefined when the folder that it lies in is not in the project, or is none. */
  #inside(path: string): string | undefined {
    const whole = join(this.#root, path);
    const folder = orNothing(() => realpathSync(dirname(whole)));
    if (folder === undefined) return undefined;
    const way = relative(this.#root, folder);
    return way === '..' || way.startsWith(`..${sep}`) || isAbsolute(way) ? undefined : whole;
  }
}

function fits(name: string, pattern: string): boolean {
  const parts = pattern.split(/\*+/);
  const [first = ''] = parts;
  const last = parts.at(-1) ?? '';
  if (!name.startsWith(first) || !name.endsWith(last) || name.length < first.length + last.length)
    return false;
  let at = first.length;
  return parts.slice(1, -1).every((part) => {
    const found = name.indexOf(part, at);
    at = found + part.length;
    return found >= 0 && at <= name.length - last.length;
  });
}

function entriesOf(folder: string, kind: 'file' | 'folder'): string[] {
  const names: string[] = [];
  const open = opendirSync(folder);
  try {
    for (let count = 0; count < MAX_ENTRIES; count += 1) {
      const entry = open.readSync();
      if (entry === null) break;
      if (kind === 'file' ? entry.isFile() : entry.isDirectory()) names.push(entry.name);
    }
  } finally {
    open.closeSync();
  }
  return names;
}

function stampOf(path: string): Stamp {
  const stat = orNothing(() => lstatSync(path, { throwIfNoEntry: false }));
  return stat === undefined ? '' : `${stat.mtimeMs} ${stat.size} ${stat.ino}`;
}

function orNothing<Value>(look: () => Value): Value | undefined {
  try {
    return look();
  } catch {
    return undefined;
  }
}
