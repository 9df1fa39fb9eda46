import { execFileSync } from 'node:child_process';
import { mkdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { type Arbitrary, oneof } from 'fast-check';
import { damaged, jsonText, mutated } from './hostile-json.ts';
import { hostileText } from './hostile-text.ts';

/** What somebody may put where a file of ours should be: some bytes, or no file at all. */
export type Planted =
  | Buffer
  | 'folder'
  | 'pipe'
  | 'link to itself'
  | 'link to a device'
  | 'link to nothing'
  | 'nothing';

/** Everything that is no file. */
export const NO_FILES = [
  'folder',
  'pipe',
  'link to itself',
  'link to a device',
  'link to nothing',
  'nothing',
] as const satisfies readonly Planted[];

/** Bytes that are near to a valid file, or far from it. */
export function bytesLike(valid: Readonly<Record<string, unknown>>): Arbitrary<Buffer> {
  return oneof(
    { weight: 6, arbitrary: damaged(mutated(valid)) },
    { weight: 3, arbitrary: damaged(oneof(jsonText, hostileText)) },
  );
}

/** Puts it there, in the place of what was there before. */
export function plant(path: string, what: Planted): void {
  plantAll([path], what);
}

/** Puts the same in several places. */
export function plantAll(paths: readonly string[], what: Planted): void {
  for (const path of paths) {
    rmSync(path, { recursive: true, force: true });
    mkdirSync(dirname(path), { recursive: true });
    if (what !== 'pipe') put(path, what);
  }
  if (what === 'pipe') execFileSync('mkfifo', paths);
}

function put(path: string, what: Exclude<Planted, 'pipe'>): void {
  if (typeof what !== 'string') return writeFileSync(path, what);
  switch (what) {
    case 'folder':
      return void mkdirSync(join(path, 'below'), { recursive: true });
    case 'link to itself':
      return symlinkSync(path, path);
    case 'link to a device':
      return symlinkSync('/dev/zero', path);
    case 'link to nothing':
      return symlinkSync('/nonexistent', path);
    case 'nothing':
      return undefined;
  }
}
