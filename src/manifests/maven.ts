import type { XmlDocument, XmlElement } from '@rgrove/parse-xml';
import type { ManifestFacts, ManifestReader } from './manifest-reader.ts';
import { packageIds } from './package-id.ts';
import type { ProjectFiles } from './project-files.ts';

/** `pom.xml`, with its modules. */
export const maven: ManifestReader = {
  registry: 'maven',
  files: /^pom\.xml$/,
  read: (files) => factsOf(files),
};

async function factsOf(files: ProjectFiles): Promise<ManifestFacts> {
  const root = await project(files, 'pom.xml');
  const modules = child(root, 'modules');
  const folders = files.members(children(modules, 'module').map((module) => module.text.trim()));
  const members = await Promise.all(folders.map((folder) => project(files, `${folder}/pom.xml`)));
  const all = [root, ...members].filter((one) => one !== undefined);
  return {
    provides: packageIds('maven', all.flatMap(ownName)),
    dependsOn: packageIds('maven', all.flatMap(dependencyNames)),
  };
}

/** The parser knows no entities but XML's own five, so that a manifest cannot grow while it is read. */
async function project(files: ProjectFiles, path: string): Promise<XmlElement | undefined> {
  const text = files.text(path);
  if (text === undefined) return undefined;
  const { parseXml } = await import('@rgrove/parse-xml');
  let document: XmlDocument;
  try {
    document = parseXml(text);
  } catch {
    return undefined;
  }
  return document.root?.name === 'project' ? document.root : undefined;
}

function ownName(one: XmlElement): string[] {
  const group = groupOf(one);
  const artifact = textOf(one, 'artifactId');
  return group === undefined || artifact === undefined ? [] : [`${group}:${artifact}`];
}

function groupOf(one: XmlElement): string | undefined {
  return textOf(one, 'groupId') ?? textOf(child(one, 'parent'), 'groupId');
}

function dependencyNames(one: XmlElement): string[] {
  const places = [one, child(one, 'dependencyManagement'), ...children(child(one, 'profiles'), 'profile')];
  const parent = child(one, 'parent');
  return [...(parent === undefined ? [] : [parent]), ...places.flatMap(dependenciesIn)].flatMap(
    (dependency) => {
      const group = resolved(one, textOf(dependency, 'groupId'));
      const artifact = resolved(one, textOf(dependency, 'artifactId'));
      return group === undefined || artifact === undefined ? [] : [`${group}:${artifact}`];
    },
  );
}

function dependenciesIn(place: XmlElement | undefined): XmlElement[] {
  return children(child(place, 'dependencies'), 'dependency');
}

/** A name in which a property stands, where the same file says what that is. */
function resolved(one: XmlElement, text: string | undefined): string | undefined {
  return text?.replace(/\$\{([^}]+)\}/g, (whole, name: string) => {
    if (/^(?:project\.|pom\.)?groupId$/.test(name)) return groupOf(one) ?? whole;
    return textOf(child(one, 'properties'), name) ?? whole;
  });
}

function textOf(parent: XmlElement | undefined, name: string): string | undefined {
  const text = child(parent, name)?.text.trim();
  return text === '' ? undefined : text;
}

function child(parent: XmlElement | undefined, name: string): XmlElement | undefined {
  return children(parent, name)[0];
}

function children(parent: XmlElement | undefined, name: string): XmlElement[] {
  return (parent?.children ?? []).filter(
    (node): node is XmlElement => node.type === 'element' && 'name' in node && node.name === name,
  );
}
