import { isTable, parseTomlText, type Table, tableAt, textAt, textsAt } from './foreign-data.ts';
import type { ManifestFacts, ManifestReader } from './manifest-reader.ts';
import { packageIds } from './package-id.ts';
import type { ProjectFiles } from './project-files.ts';

const DEPENDENCIES = ['dependencies', 'dev-dependencies', 'build-dependencies'] as const;

/** `Cargo.toml`, with the members of a workspace. */
export const cargo: ManifestReader = {
  registry: 'cargo',
  files: /^Cargo\.(?:toml|lock)$/,
  read: (files) => factsOf(files),
};

async function factsOf(files: ProjectFiles): Promise<ManifestFacts> {
  const root = await parseTomlText(files.text('Cargo.toml'));
  const left = textsAt(root, 'workspace', 'exclude').map((path) => `!${path}`);
  const folders = files.members([...textsAt(root, 'workspace', 'members'), ...left]);
  const members = await Promise.all(
    folders.map((folder) => parseTomlText(files.text(`${folder}/Cargo.toml`))),
  );
  const all = [root, ...members];
  return {
    provides: packageIds(
      'cargo',
      all.flatMap((one) => textAt(one, 'package', 'name')),
    ),
    dependsOn: packageIds('cargo', [
      ...all.flatMap(dependencyNames),
      ...names(tableAt(root, 'workspace', 'dependencies')),
    ]),
  };
}

function dependencyNames(one: unknown): string[] {
  const tables = [one, ...Object.values(tableAt(one, 'target'))];
  return tables.flatMap((table) => DEPENDENCIES.flatMap((key) => names(tableAt(table, key))));
}

/** The keys; where one is only a name in this project, the package that it stands for. */
function names(dependencies: Table): string[] {
  return Object.entries(dependencies).flatMap(([key, value]) => {
    const [renamed = key] = isTable(value) ? textAt(value, 'package') : [];
    return renamed;
  });
}
