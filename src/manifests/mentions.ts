import { type PackageId, parsePackageId, type Registry } from './package-id.ts';

/** Where a text names a package, and the version that it gives there, if it does. */
export interface Mention {
  readonly version: string;
}

/** Folders in which installed packages lie: behind them a name is that of a package, elsewhere it is any folder's. */
const INSTALLED = String.raw`node_modules/|site-packages/|vendor/|registry/src/[\w.-]{1,80}/`;
/** What may not follow: more of the name. A version may (`lib-1.2.0`), and so may the end of a sentence. */
const END = String.raw`(?![\w]|-(?!\d)|\.(?![\s\d]|$))`;
/** In Python and in modules of Java a dot leads on to a part of the package. */
const END_OR_PART = String.raw`(?!\w|-(?!\d))`;
const START = String.raw`(?:(?<![\w.@/-])|(?<=${INSTALLED}))`;

/**
 * The first place at which a text names a package as a whole word or import path; undefined when it does not.
 *
 * A name that is a plain word, as `core` or `debug`, counts only where it is written like a package's: in quotes, with a
 * version, behind `import`, in a folder of installed packages.
 */
export function mentionOf(id: PackageId, text: string): Mention | undefined {
  const found = patternOf(id)?.exec(text);
  return found === null || found === undefined
    ? undefined
    : { version: versionAfter(text, found.index + found[0].length) };
}

function patternOf(id: PackageId): RegExp | undefined {
  const parsed = parsePackageId(id);
  if (parsed === undefined) return undefined;
  const { registry, name } = parsed;
  const word = spellings(registry, name);
  const end = registry === 'pypi' || registry === 'maven' ? END_OR_PART : END;
  const whole = isDistinct(name) ? `${START}(?:${word})${end}` : asPackage(word);
  return new RegExp(whole, registry === 'pypi' ? 'im' : 'm');
}

function isDistinct(name: string): boolean {
  return /[-_.:/@\d]/.test(name);
}

/** A package is imported under another spelling than it is installed by in some languages. */
function spellings(registry: Registry, name: string): string {
  switch (registry) {
    case 'pypi':
      return name.split('-').map(escaped).join('[-_.]');
    case 'cargo':
      return name.split(/[-_]/).map(escaped).join('[-_]');
    case 'maven': {
      const artifact = name.split(':')[1] ?? '';
      return isDistinct(artifact) ? `${escaped(name)}|${escaped(artifact)}` : escaped(name);
    }
    case 'npm':
    case 'go':
      return escaped(name);
  }
}

function asPackage(word: string): string {
  return [
    String.raw`(?<=["'\x60])(?:${word})(?=["'\x60/])`,
    String.raw`(?<![\w.@/-])(?:${word})(?=@[~^]?v?\d|::|[=~<>]=)`,
    String.raw`(?<=${INSTALLED})(?:${word})${END}`,
    String.raw`(?<=\b(?:import|from|crate|module|package) )(?:${word})${END_OR_PART}`,
  ].join('|');
}

function escaped(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\/-]/g, String.raw`\$&`);
}

/** The number that follows on the same line, as every manifest and error writes it. */
function versionAfter(text: string, at: number): string {
  const rest = text.slice(at, at + 80).split('\n')[0] ?? '';
  return /^[^\w]*(?:version[^\w]*)?[v^~]?(\d[\w.+-]{0,40}(?<=\w))/.exec(rest)?.[1] ?? '';
}
