import { execFile } from 'node:child_process';
import { existsSync, readFileSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { isJsonObject, stringOr } from './json.ts';

/** One `claude` executable. */
export interface ClaudeBinary {
  /** For example `2.1.329`. */
  readonly version: string;
  readonly path: string;
  /** The package that it came in, or `path` when it was named by its path. */
  readonly source: string;
}

/**
 * The `claude` executables that are installed as packages near this module or the working folder: the one of
 * `@anthropic-ai/claude-agent-sdk` and the one of `@anthropic-ai/claude-code`, newest first. Runs nothing.
 */
export function claudeBinaries(): readonly ClaudeBinary[] {
  return [fromAgentSdk(), fromClaudeCode()]
    .filter((binary) => binary !== undefined)
    .sort((one, other) => compareVersions(other.version, one.version));
}

/** The installed executable of that version, or of the newest one. Throws with what is there when it is not. */
export function claudeBinary(version?: string): ClaudeBinary {
  const all = claudeBinaries();
  const found = version === undefined ? all[0] : all.find((binary) => binary.version === version);
  if (found !== undefined) return found;
  const there = all.map((binary) => `${binary.version} (${binary.source})`).join(', ') || 'none';
  throw new Error(
    `no claude ${version ?? 'executable'} is installed (found: ${there}): add @anthropic-ai/claude-agent-sdk or ` +
      '@anthropic-ai/claude-code of the right version as a development dependency, optional dependencies included',
  );
}

/** The executable at that path; asks it for its version. */
export async function claudeBinaryAt(path: string): Promise<ClaudeBinary> {
  const { stdout } = await promisify(execFile)(path, ['--version'], { timeout: 20_000 });
  const version = /\d+\.\d+\.\d+/.exec(stdout)?.[0];
  if (version === undefined)
    throw new Error(`${path} --version printed ${JSON.stringify(stdout)}, which names no version`);
  return { version, path, source: 'path' };
}

/** Below zero when the first version is the older one. */
export function compareVersions(one: string, other: string): number {
  const [a, b] = [one, other].map((version) => version.split('.').map(Number));
  const index = (a ?? []).findIndex((part, position) => part !== b?.[position]);
  return index < 0 ? 0 : (a?.[index] ?? 0) - (b?.[index] ?? 0);
}

function fromAgentSdk(): ClaudeBinary | undefined {
  const sdk = findPackage('@anthropic-ai/claude-agent-sdk');
  if (sdk === undefined) return undefined;
  const { claudeCodeVersion, version } = readManifest(sdk);
  // The packages of the SDK carry the patch number of the executable inside.
  const inside = claudeCodeVersion || `2.1.${version.split('.')[2]}`;
  return binaryIn('@anthropic-ai/claude-agent-sdk', { version: inside, near: sdk });
}

function fromClaudeCode(): ClaudeBinary | undefined {
  const folder = findPackage('@anthropic-ai/claude-code');
  if (folder === undefined) return undefined;
  const { version, executable } = readManifest(folder);
  const path = join(folder, executable);
  // Without its install script the package holds a small stand-in that only says so.
  if (existsSync(path) && statSync(path).size > 1_000_000)
    return { version, path, source: '@anthropic-ai/claude-code' };
  return binaryIn('@anthropic-ai/claude-code', { version, near: folder });
}

/** Looks into the platform package of `name`. */
function binaryIn(
  name: string,
  { version, near }: { version: string; near: string },
): ClaudeBinary | undefined {
  const platform = `${name}-${process.platform}-${process.arch}`;
  for (const source of isMusl() ? [`${platform}-musl`, platform] : [platform, `${platform}-musl`]) {
    const folder = findPackage(source, [near]);
    if (folder === undefined) continue;
    const path = ['claude', 'claude.exe', 'bin/claude']
      .map((file) => join(folder, file))
      .find((file) => existsSync(file));
    if (path !== undefined) return { version, path, source };
  }
  return undefined;
}

function isMusl(): boolean {
  if (process.platform !== 'linux') return false;
  const report: unknown = process.report.getReport();
  const header = typeof report === 'object' && report !== null && 'header' in report ? report.header : {};
  return !(typeof header === 'object' && header !== null && 'glibcVersionRuntime' in header);
}

/** The packages keep their manifests out of `exports`, so they are looked for as folders. */
function findPackage(
  name: string,
  from = [dirname(fileURLToPath(import.meta.url)), process.cwd()],
): string | undefined {
  for (const start of from) {
    for (let folder = start; ; folder = dirname(folder)) {
      const candidate = join(folder, 'node_modules', name);
      if (existsSync(join(candidate, 'package.json'))) return candidate;
      if (folder === dirname(folder)) break;
    }
  }
  return undefined;
}

function readManifest(folder: string): { version: string; executable: string; claudeCodeVersion: string } {
  const manifest: unknown = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
  if (!isJsonObject(manifest)) throw new Error(`${folder}/package.json is no package manifest`);
  const { version, bin, claudeCodeVersion } = manifest;
  return {
    version: stringOr(version),
    executable: stringOr(isJsonObject(bin) ? bin.claude : bin, 'bin/claude.exe'),
    claudeCodeVersion: stringOr(claudeCodeVersion),
  };
}
