import { parseJsonText, tableAt, textAt, textsAt } from './foreign-data.ts';
import type { ManifestReader } from './manifest-reader.ts';
import { packageIds } from './package-id.ts';
import type { ProjectFiles } from './project-files.ts';

const DEPENDENCIES = ['dependencies', 'devDependencies', 'peerDependencies', 'optionalDependencies'] as const;

/** `package.json`, with the workspaces of npm, yarn, bun and pnpm. */
export const npm: ManifestReader = {
  registry: 'npm',
  files:
    /^(?:package\.json|package-lock\.json|npm-shrinkwrap\.json|yarn\.lock|pnpm-lock\.yaml|pnpm-workspace\.yaml|bun\.lock)$/,
  read(files) {
    const root = manifest(files, 'package.json');
    const patterns = [
      ...textsAt(root, 'workspaces'),
      ...textsAt(root, 'workspaces', 'packages'),
      ...pnpmPatterns(files.text('pnpm-workspace.yaml') ?? ''),
    ];
    const all = [root, ...files.members(patterns).map((folder) => manifest(files, `${folder}/package.json`))];
    return {
      provides: packageIds(
        'npm',
        all.flatMap((one) => textAt(one, 'name')),
      ),
      dependsOn: packageIds('npm', all.flatMap(dependencyNames)),
    };
  },
};

function manifest(files: ProjectFiles, path: string): unknown {
  const text = files.text(path);
  // A byte order mark is no JSON, but npm takes it.
  return text === undefined ? undefined : parseJsonText(text.replace(/^\ufeff/, ''));
}

/** The keys, and for an alias (`npm:real@1`) the package behind it. */
function dependencyNames(one: unknown): string[] {
  return DEPENDENCIES.flatMap((key) =>
    Object.entries(tableAt(one, key)).flatMap(([name, version]) => {
      const alias = typeof version === 'string' ? /^npm:(@?[^@]+)/.exec(version)?.[1] : undefined;
      return alias === undefined ? [name] : [name, alias];
    }),
  );
}

/** The list below `packages:`, which is written one pattern a line. */
function pnpmPatterns(yaml: string): string[] {
  const lines = yaml.split(/\r?\n/);
  const start = lines.findIndex((line) => /^packages:\s*$/.test(line));
  if (start < 0) return [];
  const patterns: string[] = [];
  for (const line of lines.slice(start + 1)) {
    const pattern = /^\s*-\s*(['"]?)([^'"#\s]+)\1/.exec(line)?.[2];
    if (pattern !== undefined) patterns.push(pattern);
    else if (/^\S/.test(line) && !line.startsWith('#')) break;
  }
  return patterns;
}
