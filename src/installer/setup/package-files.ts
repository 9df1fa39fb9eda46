import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, realpathSync } from 'node:fs';
import { dirname, join, relative, sep } from 'node:path';
import * as z from 'zod/mini';
import { errnoOf, unlessGone } from '../../lib/errno.ts';
import { readRegular } from '../../lib/read-regular.ts';
import { CahootsError } from '../../protocol/errors.ts';
import { parseJson } from '../../protocol/json.ts';

const manifestSchema = z.looseObject({ name: z.optional(z.string()), version: z.optional(z.string()) });

const MAX_MANIFEST_BYTES = 1024 * 1024;

/** Where the plugin and the list that offers it are, below a package or a copy of it. */
export const PLUGIN_FOLDER = 'plugin';
export const MARKETPLACE_FILE = join('.claude-plugin', 'marketplace.json');
/** Without this file a plugin is not built. */
const BUILT = join(PLUGIN_FOLDER, 'dist', 'attendant.js');

/** What Claude Code leaves in its own copies of plugins: no content. */
const MARKS_OF_THE_HOST = /[\\/]\.(orphaned_at|in_use)\b/;

/** The folder of the package `cahoots` that `folder` lies in, or undefined. */
export function findPackageRoot(folder: string): string | undefined {
  for (let candidate = folder; ; candidate = dirname(candidate)) {
    if (manifestIn(candidate)?.name === 'cahoots') return candidate;
    if (candidate === dirname(candidate)) return undefined;
  }
}

/** Checks that a package holds a built plugin. Throws `usage` with what is missing. */
export function requirePlugin(packageRoot: string | undefined): string {
  const missing = packageRoot === undefined ? 'package.json' : missingFrom(packageRoot);
  if (packageRoot !== undefined && missing === undefined) return packageRoot;
  const where = packageRoot === undefined ? 'This program lies in no package of cahoots' : packageRoot;
  throw new CahootsError('usage', `${where}: ${missing} is missing, so there is no plugin to install.`, {
    remedy: 'Install the package anew (npm install -g cahoots); in a checkout run: npm run build',
    facts: { packageRoot: packageRoot ?? null, missing },
  });
}

function missingFrom(packageRoot: string): string | undefined {
  return [MARKETPLACE_FILE, BUILT].find((file) => !existsSync(join(packageRoot, file)));
}

/** The version that the plugin in a package, or in a copy of one, says it has. */
export function pluginVersion(root: string): string | undefined {
  return manifestAt(join(root, PLUGIN_FOLDER, '.claude-plugin', 'plugin.json'))?.version;
}

/** Sixteen hex digits that differ for plugin folders with different content; undefined when there is no such folder. */
export function pluginDigest(folder: string): string | undefined {
  const files = filesIn(folder);
  if (files.length === 0) return undefined;
  const hash = createHash('sha256');
  for (const file of files) {
    const content = unlessGone(() => readFileSync(file), undefined);
    if (content === undefined) continue;
    hash.update(`${relative(folder, file).split(sep).join('/')}\0${content.length}\0`).update(content);
  }
  return hash.digest('hex').slice(0, 16);
}

/** Regular files below a folder, sorted. */
function filesIn(folder: string): string[] {
  const entries = unlessGone(() => readdirSync(folder, { recursive: true, withFileTypes: true }), []);
  return entries
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .filter((path) => !MARKS_OF_THE_HOST.test(path.slice(folder.length)))
    .sort();
}

function manifestIn(folder: string): z.infer<typeof manifestSchema> | undefined {
  return manifestAt(join(folder, 'package.json'));
}

function manifestAt(path: string): z.infer<typeof manifestSchema> | undefined {
  try {
    // A package manager may have made it a link.
    const found = readRegular(realpathSync(path), MAX_MANIFEST_BYTES);
    return found.kind === 'text' ? parseJson(found.text, manifestSchema) : undefined;
  } catch (error) {
    // Any folder above the program's own is looked at: what cannot be read there is no manifest of ours.
    if (errnoOf(error) === undefined) throw error;
    return undefined;
  }
}
