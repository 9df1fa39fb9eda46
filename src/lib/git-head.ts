import { lstatSync } from 'node:fs';
import { dirname, isAbsolute, join, resolve } from 'node:path';
import { errnoOf } from './errno.ts';
import { readRegular } from './read-regular.ts';

/** What a git working folder has checked out. */
export interface GitHead {
  /** The branch as `refs/heads/…`; undefined when a commit is checked out without one. */
  readonly ref: string | undefined;
  /** The commit's id. */
  readonly commit: string;
}

const MAX_SMALL_BYTES = 4096;
const MAX_PACKED_BYTES = 16 * 1024 * 1024;
const MAX_LEVELS = 40;
const COMMIT = /^[0-9a-f]{40,64}$/;

/**
 * What is checked out in the repository that a folder lies in, read from git's own files without starting git; undefined
 * outside of git, before the first commit, and in doubt (such as with the reftable format).
 */
export function gitHead(folder: string): GitHead | undefined {
  try {
    const gitFolder = gitFolderOf(folder);
    const head = gitFolder === undefined ? undefined : readLine(join(gitFolder, 'HEAD'));
    if (gitFolder === undefined || head === undefined) return undefined;
    if (COMMIT.test(head)) return { ref: undefined, commit: head };
    const ref = /^ref: (refs\/[^\0]+)$/.exec(head)?.[1];
    if (ref === undefined || ref.split('/').includes('..')) return undefined;
    const commit = commitOf(commonFolder(gitFolder), ref);
    return commit === undefined ? undefined : { ref, commit };
  } catch (error) {
    if (errnoOf(error) === undefined) throw error;
    return undefined;
  }
}

function gitFolderOf(folder: string): string | undefined {
  let current = resolve(folder);
  for (let level = 0; level < MAX_LEVELS; level += 1) {
    const dotGit = join(current, '.git');
    const stat = lstatSync(dotGit, { throwIfNoEntry: false });
    if (stat?.isDirectory()) return dotGit;
    if (stat?.isFile()) {
      const pointer = /^gitdir: (.+)$/.exec(readLine(dotGit) ?? '')?.[1];
      return pointer === undefined ? undefined : absolute(current, pointer);
    }
    if (dirname(current) === current) return undefined;
    current = dirname(current);
  }
  return undefined;
}

/** A linked worktree keeps its branches with the repository that it is linked to. */
function commonFolder(gitFolder: string): string {
  const common = readLine(join(gitFolder, 'commondir'));
  return common === undefined ? gitFolder : absolute(gitFolder, common);
}

function commitOf(gitFolder: string, ref: string): string | undefined {
  const loose = readLine(join(gitFolder, ...ref.split('/')));
  if (loose !== undefined) return COMMIT.test(loose) ? loose : undefined;
  const packed = readRegular(join(gitFolder, 'packed-refs'), MAX_PACKED_BYTES);
  if (packed.kind !== 'text') return undefined;
  const line = packed.text.split('\n').find((entry) => entry.endsWith(` ${ref}`));
  const commit = line?.slice(0, line.indexOf(' '));
  return commit !== undefined && COMMIT.test(commit) ? commit : undefined;
}

function absolute(from: string, path: string): string {
  return isAbsolute(path) ? path : resolve(from, path);
}

function readLine(path: string): string | undefined {
  const found = readRegular(path, MAX_SMALL_BYTES);
  return found.kind === 'text' ? found.text.split('\n')[0]?.trimEnd() : undefined;
}
