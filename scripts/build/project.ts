import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { bundleFolder } from './bundle.ts';
import type { Entry } from './entries.ts';
import { launcherText, parseNodeFloor } from './launcher.ts';
import { type OutputFile, putInPlace } from './put-in-place.ts';
import { noticesOf } from './third-party-notices.ts';
import { emitTypes } from './types.ts';

const MANIFEST_OF_MODULES = '{ "type": "module" }\n';

/**
 * Builds every entry into its folder, with launchers, types and licence notices. Nothing of the output is ever half
 * written, and two builds at once do not disturb each other; files that no entry gives any more go once they are an
 * hour old, or at once with `removeAllStrays`. Throws on an entry whose source is missing.
 */
export async function buildProject(
  root: string,
  entries: readonly Entry[],
  { manifest, removeAllStrays }: { manifest: unknown; removeAllStrays: boolean },
): Promise<{ files: number; written: number; removed: number }> {
  const missing = entries.filter((entry) => !existsSync(join(root, entry.source)));
  if (missing.length > 0) {
    const names = missing.map((entry) => entry.source).join(', ');
    throw new Error(
      `No such source: ${names}. Add the file, or take its row out of scripts/build/entries.ts.`,
    );
  }
  const work = await mkdtemp(join(root, '.build-'));
  try {
    const folders = [...new Set(entries.map((entry) => entry.folder))];
    const [files, types] = await Promise.all([
      Promise.all(folders.map(async (folder) => await folderFiles(root, entries, { folder, manifest }))),
      emitTypes(root, entries, work),
    ]);
    return await putInPlace(root, [...files.flat(), ...types], { work, removeAllStrays });
  } finally {
    await rm(work, { recursive: true, force: true });
  }
}

async function folderFiles(
  root: string,
  entries: readonly Entry[],
  { folder, manifest }: { folder: string; manifest: unknown },
): Promise<OutputFile[]> {
  const own = entries.filter((entry) => entry.folder === folder);
  const { files, packages } = await bundleFolder(root, folder, {
    entries: own,
    version: versionOf(manifest),
  });
  const launchers = own.flatMap(({ launcher, bundle }) => {
    if (launcher === undefined) return [];
    const text = launcherText(launcher.kind, { bundle: `./${bundle}.js`, floor: parseNodeFloor(manifest) });
    return [{ path: `${folder}/${launcher.file}`, text, executable: true, order: 2 }];
  });
  const notices = { path: `${folder}/THIRD-PARTY-NOTICES.txt`, text: await noticesOf(packages), order: 0 };
  // The plugin's folder is copied away from the package, and so from the package's own `"type": "module"`.
  const manifests = folder.startsWith('plugin/')
    ? [{ path: `${folder}/package.json`, text: MANIFEST_OF_MODULES, order: 0 }]
    : [];
  return [...files, ...launchers, notices, ...manifests];
}

function versionOf(manifest: unknown): string {
  const version = (manifest as { version?: unknown } | null)?.version;
  return typeof version === 'string' ? version : '0.0.0-source';
}
