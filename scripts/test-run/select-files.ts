import { existsSync } from 'node:fs';
import { glob } from 'node:fs/promises';
import { join, relative, resolve, sep } from 'node:path';

/** The kinds of tests, in the order in which they run. */
export const KINDS = ['unit', 'integration', 'e2e'] as const;

/**
 * The test files that the words name, relative to the project: a kind (`unit`), a folder, or a file; all kinds without
 * any. Throws on a word that names no test.
 */
export async function selectFiles(root: string, words: readonly string[]): Promise<string[]> {
  const chosen = words.length === 0 ? KINDS : words;
  const found = await Promise.all(chosen.map(async (word) => await filesOf(root, word, words.length > 0)));
  return [...new Set(found.flat())];
}

async function filesOf(root: string, word: string, mustMatch: boolean): Promise<string[]> {
  const isKind = KINDS.some((kind) => kind === word);
  const path = isKind ? join(root, 'test', word) : resolve(root, word);
  if (path.endsWith('.test.ts') && existsSync(path)) return [toRelative(root, path)];
  const files: string[] = [];
  for await (const file of glob('**/*.test.ts', { cwd: path }))
    files.push(toRelative(root, join(path, file)));
  if (files.length === 0 && mustMatch) {
    throw new Error(
      `'${word}' names no test. Give ${KINDS.join(', ')}, a folder with *.test.ts files, or such a file.`,
    );
  }
  return files.sort();
}

function toRelative(root: string, path: string): string {
  return relative(root, path).split(sep).join('/');
}
