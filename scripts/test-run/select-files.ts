import { existsSync } from 'node:fs';
import { glob, readFile } from 'node:fs/promises';
import { join, relative, resolve, sep } from 'node:path';

/** The kinds of tests, in the order in which they run. */
export const KINDS = ['unit', 'integration', 'e2e'] as const;

/** What is run in the second tier: tests that try every `claude`, and those that disturb for minutes. */
const IN_EVERY_TIER = /\btestedBinaries\(\)/;
const LATER_ONLY = /\/(?:faults|soak|removed-fixes)\.test\.ts$/;

/** Which of them belong to a tier: the first one tries the newest `claude`, the second the others, faults, a soak, and fixes taken out. */
export async function filesOfTier(
  root: string,
  { files, tier }: { files: readonly string[]; tier: 'first' | 'all' },
): Promise<string[]> {
  if (tier === 'first') return files.filter((file) => !LATER_ONLY.test(file));
  const texts = await Promise.all(files.map(async (file) => await readFile(join(root, file), 'utf8')));
  return files.filter((file, index) => LATER_ONLY.test(file) || IN_EVERY_TIER.test(texts[index] ?? ''));
}

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
