import { parseTomlText, tableAt, textAt, textsAt } from './foreign-data.ts';
import type { ManifestFacts, ManifestReader } from './manifest-reader.ts';
import { packageIds } from './package-id.ts';
import type { ProjectFiles } from './project-files.ts';

const REQUIREMENTS = /^(?:[\w.-]*requirements[\w.-]*|constraints)\.(?:txt|in)$/;

/** `pyproject.toml` (standard, Poetry, uv), `setup.cfg`, and files of requirements. */
export const python: ManifestReader = {
  registry: 'pypi',
  files:
    /^(?:pyproject\.toml|setup\.cfg|setup\.py|Pipfile|(?:poetry|uv|pdm|Pipfile)\.lock|[\w.-]*requirements[\w.-]*\.(?:txt|in))$/,
  read: (files) => factsOf(files),
};

async function factsOf(files: ProjectFiles): Promise<ManifestFacts> {
  const root = await parseTomlText(files.text('pyproject.toml'));
  const folders = files.members(textsAt(root, 'tool', 'uv', 'workspace', 'members'));
  const members = await Promise.all(
    folders.map((folder) => parseTomlText(files.text(`${folder}/pyproject.toml`))),
  );
  const projects = [root, ...members];
  const setup = sectionsOf(files.text('setup.cfg') ?? '');
  return {
    provides: packageIds('pypi', [
      ...projects.flatMap((one) => [
        ...textAt(one, 'project', 'name'),
        ...textAt(one, 'tool', 'poetry', 'name'),
      ]),
      ...(setup.get('metadata')?.get('name') ?? []),
    ]),
    dependsOn: packageIds('pypi', [
      ...projects.flatMap(standardNames),
      ...projects.flatMap(poetryNames),
      ...[
        ...(setup.get('options')?.get('install_requires') ?? []),
        ...[...(setup.get('options.extras_require')?.values() ?? [])].flat(),
        ...requirementLines(files),
      ].flatMap(requirementName),
    ]),
  };
}

function standardNames(one: unknown): string[] {
  const lists = [
    textsAt(one, 'project', 'dependencies'),
    ...listsIn(one, 'project', 'optional-dependencies'),
    ...listsIn(one, 'dependency-groups'),
    textsAt(one, 'tool', 'uv', 'dev-dependencies'),
  ];
  return lists.flat().flatMap(requirementName);
}

function listsIn(one: unknown, ...keys: readonly string[]): (readonly string[])[] {
  const table = tableAt(one, ...keys);
  return Object.keys(table).map((key) => textsAt(table, key));
}

/** In Poetry's own tables the keys are the names; `python` is the interpreter. */
function poetryNames(one: unknown): string[] {
  const poetry = tableAt(one, 'tool', 'poetry');
  const groups = tableAt(poetry, 'group');
  const tables = [
    tableAt(poetry, 'dependencies'),
    tableAt(poetry, 'dev-dependencies'),
    ...Object.keys(groups).map((group) => tableAt(groups, group, 'dependencies')),
  ];
  return tables.flatMap((table) => Object.keys(table)).filter((name) => name !== 'python');
}

function requirementLines(files: ProjectFiles): string[] {
  return files
    .list('.', 'file')
    .filter((name) => REQUIREMENTS.test(name))
    .sort()
    .slice(0, 8)
    .flatMap((name) => (files.text(name) ?? '').split('\n'));
}

/** The name at the start of a requirement (`lib[x]>=2; …`, `lib @ …`), or the `egg` of an address. */
function requirementName(requirement: string): string[] {
  const [text = ''] = requirement.split(' #');
  const egg = /#egg=([\w.-]+)/.exec(text)?.[1];
  const name = egg ?? /^\s*([A-Za-z0-9][\w.-]*)\s*(?=$|[[<>=!~;@,\s])/.exec(text)?.[1];
  return name === undefined ? [] : [name];
}

/** Sections, keys and the lines of their values, as Python's `configparser` has them. */
function sectionsOf(text: string): Map<string, Map<string, string[]>> {
  const sections = new Map<string, Map<string, string[]>>();
  let section: Map<string, string[]> = new Map();
  let lines: string[] = [];
  for (const line of text.split(/\r?\n/)) {
    const title = /^\[([^\]]+)\]/.exec(line)?.[1];
    const [, key, value] = /^([\w.-]+)\s*[=:](.*)$/.exec(line) ?? [];
    if (title !== undefined) {
      section = new Map();
      sections.set(title, section);
    } else if (key !== undefined) {
      lines = [value?.trim() ?? ''];
      section.set(key, lines);
    } else if (/^\s+\S/.test(line)) {
      lines.push(line.trim());
    }
  }
  return sections;
}
