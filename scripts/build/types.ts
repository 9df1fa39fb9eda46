import { execFile } from 'node:child_process';
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { Entry } from './entries.ts';
import type { OutputFile } from './put-in-place.ts';

/** The declarations of all entries that publish types, for `dist/types`. Does not check types; `npm run types` does. */
export async function emitTypes(
  root: string,
  entries: readonly Entry[],
  work: string,
): Promise<OutputFile[]> {
  const files = entries.filter((entry) => entry.types).map((entry) => join(root, entry.source));
  if (files.length === 0) return [];
  const config = join(work, 'tsconfig.json');
  const outDir = join(work, 'types');
  await writeFile(
    config,
    JSON.stringify({
      extends: join(root, 'tsconfig.json'),
      compilerOptions: {
        noEmit: false,
        noCheck: true,
        declaration: true,
        emitDeclarationOnly: true,
        rootDir: join(root, 'src'),
        outDir,
        typeRoots: [join(root, 'node_modules/@types')],
      },
      files,
      include: [],
    }),
  );
  await promisify(execFile)(process.execPath, [join(root, 'node_modules/typescript/bin/tsc'), '-p', config]);
  const names = await readdir(outDir, { recursive: true });
  const declarations = names
    .map((name) => name.replaceAll('\\', '/'))
    .filter((name) => name.endsWith('.d.ts'));
  return await Promise.all(
    declarations.map(async (name) => ({
      path: `dist/types/${name}`,
      text: await readFile(join(outDir, name), 'utf8'),
      order: 0,
    })),
  );
}
