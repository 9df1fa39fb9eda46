import { existsSync } from 'node:fs';
import { chmod, mkdir, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';

/** One file of the output. */
export interface OutputFile {
  /** Relative to the project, with forward slashes. */
  readonly path: string;
  readonly text: string;
  readonly executable?: boolean;
  /** Lower ones are put in place first, so that no file ever names one that is not there yet. */
  readonly order: number;
}

/** All output is in these, and nothing else is. */
const OUTPUT_FOLDERS = ['dist', 'plugin/dist'];

/** A process that was started from the last build may still load its chunks. */
const STRAY_AGE_MS = 3_600_000;

/**
 * Puts the files in place by rename, one by one, lowest order first; a file that is there already with this text is not
 * touched. Then removes what else lies in the output folders if it is older than an hour, or at once when told to.
 */
export async function putInPlace(
  root: string,
  files: readonly OutputFile[],
  { work, removeAllStrays }: { work: string; removeAllStrays: boolean },
): Promise<{ files: number; written: number; removed: number }> {
  let written = 0;
  for (const [index, file] of files.toSorted((a, b) => a.order - b.order).entries()) {
    if (await place(join(root, file.path), file, join(work, String(index)))) written += 1;
  }
  const wanted = new Set(files.map((file) => join(root, file.path)));
  let removed = 0;
  for (const top of OUTPUT_FOLDERS)
    removed += await removeStrays(join(root, top), wanted, removeAllStrays ? 0 : STRAY_AGE_MS);
  return { files: files.length, written, removed };
}

async function place(path: string, file: OutputFile, temporary: string): Promise<boolean> {
  const mode = file.executable ? 0o755 : 0o644;
  if ((await textOf(path)) === file.text) {
    await chmod(path, mode);
    return false;
  }
  await mkdir(dirname(path), { recursive: true });
  await writeFile(temporary, file.text, { mode });
  await rename(temporary, path);
  return true;
}

async function textOf(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8');
  } catch {
    return undefined;
  }
}

async function removeStrays(top: string, wanted: ReadonlySet<string>, olderThanMs: number): Promise<number> {
  if (!existsSync(top)) return 0;
  const entries = await readdir(top, { recursive: true, withFileTypes: true });
  let removed = 0;
  for (const entry of entries) {
    const path = join(entry.parentPath, entry.name);
    if (entry.isDirectory() || wanted.has(path)) continue;
    const found = await stat(path).catch(() => undefined);
    if (found === undefined || Date.now() - found.mtimeMs < olderThanMs) continue;
    await rm(path, { force: true });
    removed += 1;
  }
  return removed;
}
