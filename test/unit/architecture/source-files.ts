import { glob, readFile } from 'node:fs/promises';
import { join, posix, resolve, sep } from 'node:path';
import { maskSource } from './mask-source.ts';

/** The project's own folder. */
export const PROJECT = resolve(import.meta.dirname, '../../..');

/** One source file as the rules look at it. */
export interface SourceFile {
  /** Relative to the project, with forward slashes: `src/lib/clock.ts`. */
  readonly path: string;
  readonly text: string;
  /** The text with comments and the insides of strings blanked out; same length, same lines. */
  readonly code: string;
  readonly imports: readonly ImportOf[];
}

/** One import, static, dynamic, of a type, or re-exported. */
export interface ImportOf {
  readonly specifier: string;
  readonly line: number;
  /** For a relative one: the file that it names, relative to the project. */
  readonly target?: string;
  /** Whether it is loaded only when the code comes to it. */
  readonly isLazy: boolean;
}

/** All TypeScript files in these folders of the project that exist. */
export async function readSources(...folders: readonly string[]): Promise<SourceFile[]> {
  const sources: SourceFile[] = [];
  for (const folder of folders) {
    for await (const name of glob(`${folder}/**/*.ts`, { cwd: PROJECT })) {
      sources.push(toSource(name.split(sep).join('/'), await readFile(join(PROJECT, name), 'utf8')));
    }
  }
  return sources.sort((a, b) => (a.path < b.path ? -1 : 1));
}

/** Makes a source of a path and a text. */
export function toSource(path: string, text: string): SourceFile {
  const code = maskSource(text);
  return { path, text, code, imports: findImports(path, { text, code }) };
}

/** The line, counted from 1, on which an offset lies. */
export function lineAt(text: string, offset: number): number {
  return text.slice(0, offset).split('\n').length;
}

const IMPORT = /^(?:import|export)\b[^;'"]*?\bfrom\s*(?=['"])|^import\s*(?=['"])|\bimport\(\s*(?=['"])/gm;

function findImports(path: string, { text, code }: { text: string; code: string }): ImportOf[] {
  return [...code.matchAll(IMPORT)].map((match) => {
    const start = match.index + match[0].length;
    const end = code.indexOf(code.charAt(start), start + 1);
    const specifier = text.slice(start + 1, end);
    const isLazy = match[0].startsWith('import(');
    const found = { specifier, line: lineAt(text, start), isLazy };
    if (!specifier.startsWith('.')) return found;
    return { ...found, target: posix.join(posix.dirname(path), specifier) };
  });
}
