import { isTable, parseTomlText, tableAt, textAt } from './foreign-data.ts';
import type { ManifestFacts, ManifestReader } from './manifest-reader.ts';
import { packageIds } from './package-id.ts';
import type { ProjectFiles } from './project-files.ts';

/** Gradle's build and settings files as far as they say something literally, and its version catalogue. */
export const gradle: ManifestReader = {
  registry: 'maven',
  files:
    /^(?:(?:build|settings)\.gradle(?:\.kts)?|gradle\.properties|libs\.versions\.toml|gradle\.lockfile)$/,
  read: (files) => factsOf(files),
};

async function factsOf(files: ProjectFiles): Promise<ManifestFacts> {
  const settings = script(files, 'settings');
  const root = script(files, 'build');
  const group =
    groupIn(root) ?? /^group\s*=\s*([\w.-]+)\s*$/m.exec(files.text('gradle.properties') ?? '')?.[1];
  const folders = files.members(includes(settings));
  const members = folders.map((folder) => ({
    name: folder.split(/[\\/]/).at(-1),
    text: script(files, `${folder}/build`),
  }));
  const rootName = /\brootProject\.name\s*=\s*(['"])([\w.-]+)\1/.exec(settings)?.[2];
  const own = [{ name: rootName, text: root }, ...members].flatMap(({ name, text }) => {
    const ownGroup = groupIn(text) ?? group;
    return name === undefined || ownGroup === undefined ? [] : [`${ownGroup}:${name}`];
  });
  const catalogue = await parseTomlText(files.text('gradle/libs.versions.toml'));
  const texts = [root, ...members.map(({ text }) => text)];
  return {
    provides: packageIds('maven', own),
    dependsOn: packageIds('maven', [...texts.flatMap(coordinates), ...catalogueNames(catalogue)]),
  };
}

function script(files: ProjectFiles, path: string): string {
  return files.text(`${path}.gradle.kts`) ?? files.text(`${path}.gradle`) ?? '';
}

function groupIn(text: string): string | undefined {
  return /^\s*group\s*=?\s*(['"])([\w.-]+)\1/m.exec(text)?.[2];
}

/** `include ':core', ':libs:net'` as the folders `core` and `libs/net`. */
function includes(settings: string): string[] {
  return [...settings.matchAll(/\binclude\b\s*\(?\s*((?:['"][\w:.-]+['"][\s,]*)+)/g)].flatMap(
    ([, list = '']) =>
      [...list.matchAll(/['"]:?([\w:.-]+)['"]/g)].map(([, path = '']) => path.replaceAll(':', '/')),
  );
}

/** `'group:name'` and `'group:name:version'`, and `group: 'group', name: 'name'`. */
function coordinates(text: string): string[] {
  const short = text.matchAll(/(['"])([\w.-]+:[\w.-]+)(?::[^'"\n]*)?\1/g);
  const long = text.matchAll(/\bgroup\s*[:=]\s*['"]([\w.-]+)['"]\s*,\s*name\s*[:=]\s*['"]([\w.-]+)['"]/g);
  return [
    ...[...short].map(([, , name = '']) => name),
    ...[...long].map(([, group = '', name = '']) => `${group}:${name}`),
  ];
}

function catalogueNames(catalogue: unknown): string[] {
  return Object.values(tableAt(catalogue, 'libraries')).flatMap((library) => {
    if (typeof library === 'string') return library.split(':').slice(0, 2).join(':');
    if (!isTable(library)) return [];
    const [group] = textAt(library, 'group');
    const [name] = textAt(library, 'name');
    return group === undefined || name === undefined ? textAt(library, 'module') : `${group}:${name}`;
  });
}
