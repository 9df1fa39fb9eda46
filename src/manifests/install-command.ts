import { type PackageId, packageId, type Registry } from './package-id.ts';

/** A package that a command installs or updates, and the version that it asks for, if it does. */
export interface Installed {
  readonly id: PackageId;
  readonly version: string;
}

interface Installer {
  readonly registry: Registry;
  /** The words that a command of it begins with, as one text. */
  readonly begins: RegExp;
}

const INSTALLERS: readonly Installer[] = [
  { registry: 'npm', begins: /^npm (?:i|install|add|ci|update|up|upgrade|link|ln)(?= |$)/ },
  { registry: 'npm', begins: /^(?:pnpm|bun) (?:i|install|add|update|up|upgrade|link)(?= |$)/ },
  { registry: 'npm', begins: /^yarn (?:add|install|up|upgrade|link)(?= |$)/ },
  { registry: 'cargo', begins: /^cargo (?:add|update|install)(?= |$)/ },
  { registry: 'go', begins: /^go (?:get|install)(?= |$)/ },
  {
    registry: 'pypi',
    begins: /^(?:python[\d.]* -m )?(?:uv )?pip[\d.]* install(?= |$)/,
  },
  {
    registry: 'pypi',
    begins: /^(?:uv (?:add|sync)|(?:poetry|pdm) (?:add|update)|pipenv (?:install|update))(?= |$)/,
  },
];
/** What follows one of these is no package. */
const OPTIONS_WITH_VALUE =
  /^(?:--(?:features|precise|registry|git|path|branch|tag|target|index-url|extra-index-url|requirement|constraint|filter|workspace|prefix|cwd|dir|group|optional|extra|source)|-[FrciwCG])$/;
const BUILD_TOOL = /^(?:\.\/)?(?:mvnw?|gradlew?)(?= )/;

/** A command longer than this is a script, not somebody who installs something. */
const MAX_COMMAND_CHARACTERS = 16_384;

/** The packages that a command for a shell installs or updates by name, as far as its words say so literally. */
export function installedBy(command: string): Installed[] {
  return command
    .slice(0, MAX_COMMAND_CHARACTERS)
    .replaceAll('\\\n', ' ')
    .split(/&&|\|\||[;|&\n()]/)
    .flatMap(installedByOne);
}

function installedByOne(command: string): Installed[] {
  const words = command
    .trim()
    .split(/\s+/)
    .map((word) => word.replace(/^(["'])(.*)\1$/, '$2'));
  while (/^(?:\w+=.*|sudo|env|time|command)$/.test(words[0] ?? '')) words.shift();
  const line = words.join(' ');
  if (BUILD_TOOL.test(line)) return coordinates(line);
  for (const { registry, begins } of INSTALLERS) {
    const start = begins.exec(line)?.[0];
    if (start !== undefined) return named(registry, line.slice(start.length).trim().split(' '));
  }
  return [];
}

/** What is no option is a package; `--precise 1.2` gives the version of the one before it. */
function named(registry: Registry, words: readonly string[]): Installed[] {
  const version = words.find((_, index) => words[index - 1] === '--precise') ?? '';
  return words.flatMap((word, index) => {
    const isOther = /^[-./]|:\/\//.test(word) || OPTIONS_WITH_VALUE.test(words[index - 1] ?? '');
    const one = isOther ? undefined : specified(registry, word);
    return one === undefined ? [] : [{ ...one, version: one.version || version }];
  });
}

/** `name`, `@scope/name@^1.2`, `name[extra]>=2`, `module@v1.2.3`. */
function specified(registry: Registry, word: string): Installed | undefined {
  const [, name = '', rest = ''] = /^(@?[^@[<>=~!;^]+)(.*)$/.exec(word) ?? [];
  const id = packageId(registry, name);
  return id === undefined ? undefined : { id, version: /\d[\w.+-]*/.exec(rest)?.[0] ?? '' };
}

/** The coordinates in the words of Maven's and Gradle's own commands: `-Dincludes=g:a`, `-Dartifact=g:a:1.2`. */
function coordinates(line: string): Installed[] {
  const given = /-DdepVersion=(\S+)/.exec(line)?.[1] ?? '';
  return [...line.matchAll(/(?<![\w.:-])([\w.-]+:[\w.-]+)(?::(\d[\w.+-]*))?/g)].flatMap(
    ([, name = '', version = given]) => {
      const id = packageId('maven', name);
      return id === undefined ? [] : [{ id, version }];
    },
  );
}
