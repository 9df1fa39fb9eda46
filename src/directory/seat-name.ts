import { lstatSync } from 'node:fs';
import { basename, isAbsolute, join, resolve } from 'node:path';
import { errnoOf } from '../lib/errno.ts';
import { readRegular } from '../lib/read-regular.ts';
import { CahootsError } from '../protocol/errors.ts';

const MAX_NAME_CHARACTERS = 64;
const NAME = /^[\p{L}\p{N}][\p{L}\p{N}._+-]*$/u;
const MAX_GIT_FILE_BYTES = 4096;

/** The name that a new seat in a project folder gets: the folder's, with the branch added in a git worktree. */
export function defaultName(projectPath: string, taken: ReadonlySet<string>): string {
  const branch = worktreeBranch(projectPath);
  const wanted = toName(branch === undefined ? basename(projectPath) : `${basename(projectPath)}-${branch}`);
  if (!taken.has(wanted)) return wanted;
  for (let number = 2; ; number += 1) {
    const numbered = `${wanted}-${number}`;
    if (!taken.has(numbered)) return numbered;
  }
}

/** Throws `name-invalid` unless a person may give a seat this name. */
export function checkName(name: string): void {
  if (NAME.test(name) && name.length <= MAX_NAME_CHARACTERS) return;
  throw new CahootsError('name-invalid', `"${name.slice(0, 80)}" cannot be a name.`, {
    remedy: `Use letters, digits and . _ + - (at most ${MAX_NAME_CHARACTERS} characters, a letter or digit first).`,
    facts: { name },
  });
}

function toName(text: string): string {
  const name = text
    .replace(/[^\p{L}\p{N}._+-]+/gu, '-')
    .replace(/^[^\p{L}\p{N}]+/u, '')
    .slice(0, MAX_NAME_CHARACTERS - 4);
  return name === '' ? 'session' : name;
}

/** The branch that a linked git worktree has checked out; undefined for a plain clone, outside of git and in doubt. */
function worktreeBranch(projectPath: string): string | undefined {
  try {
    const dotGit = join(projectPath, '.git');
    if (!lstatSync(dotGit).isFile()) return undefined;
    const pointer = readSmall(dotGit)?.match(/^gitdir: (.+?)\s*$/m)?.[1];
    if (pointer === undefined) return undefined;
    const gitDir = isAbsolute(pointer) ? pointer : resolve(projectPath, pointer);
    return readSmall(join(gitDir, 'HEAD'))?.match(/^ref: refs\/heads\/(.+?)\s*$/m)?.[1];
  } catch (error) {
    if (errnoOf(error) === undefined) throw error;
    return undefined;
  }
}

function readSmall(path: string): string | undefined {
  const found = readRegular(path, MAX_GIT_FILE_BYTES);
  return found.kind === 'text' ? found.text : undefined;
}
