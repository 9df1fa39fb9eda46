import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';

/** What a line says whose way is timed. */
export const STAMPED = /MARK-\d+-END/;

const PROGRAM = resolve(import.meta.dirname, '../programs/stamped-claude.ts');

/** A program that runs a `claude` and stamps its lines in a file; and the stamps by their marks, in monotonic ns. */
export interface StampedClaude {
  readonly path: string;
  stamps(): ReadonlyMap<string, bigint>;
}

/** Writes it into a folder. */
export function stampedClaude(claude: string, { folder }: { folder: string }): StampedClaude {
  const path = join(folder, 'stamped-claude.sh');
  const file = join(folder, 'stamps.txt');
  const quoted = [process.execPath, PROGRAM, file, claude].map((word) => `'${word}'`).join(' ');
  writeFileSync(path, `#!/bin/sh\nexec ${quoted} "$@"\n`, { mode: 0o700 });
  return {
    path,
    stamps() {
      const lines = existsSync(file) ? readFileSync(file, 'utf8').trim().split('\n') : [];
      return new Map(lines.map((line) => line.split(' ')).map(([mark = '', ns = '0']) => [mark, BigInt(ns)]));
    },
  };
}
