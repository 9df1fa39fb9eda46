import { isBuiltin } from 'node:module';
import { ADAPTER_FOLDERS, type Layers } from './layers.ts';
import { lineAt, type SourceFile } from './source-files.ts';

/** A rule names what breaks it, one line each, with the file and its line. */
export type Rule = (file: SourceFile) => string[];

/** The product is read more often than its tests. */
const MAX_LINES = { src: 350, other: 500 };
/** Longer ones, each with its reason. */
const LONG: Readonly<Record<string, string>> = {
  'src/testing/contracts/agent-contract.ts': 'a list of tests',
  'src/testing/fake-agent.ts': 'plays all that the list of tests asks; to be split',
};

/** Imports that no arrow of the table allows. */
export function arrows(layers: Layers): Rule {
  return (file) => {
    const own = unitOf(file.path);
    const allowed = layers[own];
    if (allowed === undefined) {
      return [`${file.path}: src/${own} is not in the table of layers (test/unit/architecture/layers.ts)`];
    }
    return file.imports.flatMap(({ target, specifier, line }) => {
      if (target === undefined) return [];
      if (!target.startsWith('src/'))
        return [`${file.path}:${line} imports ${specifier}, which is outside of src`];
      const inner = target.slice('src/'.length);
      const other = unitOf(target);
      if (other === own || allowed.some((name) => name === other || name === inner)) return [];
      return [`${file.path}:${line} imports ${inner}; ${own} may import ${allowed.join(', ') || 'nothing'}`];
    });
  };
}

/** Adapters of one port that import each other. */
export const separateAdapters: Rule = (file) => {
  const own = unitOf(file.path);
  const shared = ADAPTER_FOLDERS[own];
  if (shared === undefined) return [];
  const adapterOf = (path: string): string => path.split('/')[2] ?? '';
  return file.imports.flatMap(({ target, line }) => {
    if (target === undefined || unitOf(target) !== own) return [];
    const other = adapterOf(target);
    if (other === adapterOf(file.path) || shared.includes(other)) return [];
    if (shared.includes(adapterOf(file.path)))
      return [`${file.path}:${line} is the port and imports an adapter, ${other}`];
    return [`${file.path}:${line} imports another adapter, ${other}`];
  });
};

/** Packages that package.json does not name, built-in modules without `node:`, relative imports without `.ts`. */
export function wellNamedImports(packages: ReadonlySet<string>): Rule {
  return (file) =>
    file.imports.flatMap(({ specifier, target, line }) => {
      const at = `${file.path}:${line} imports '${specifier}'`;
      if (target !== undefined)
        return /\.(ts|json)$/.test(specifier) ? [] : [`${at}: a relative import ends in .ts`];
      if (specifier.startsWith('node:')) return [];
      if (isBuiltin(specifier)) return [`${at}: write node:${specifier}`];
      const name = specifier.split('/', specifier.startsWith('@') ? 2 : 1).join('/');
      return packages.has(name) ? [] : [`${at}: package.json does not name ${name}`];
    });
}

/** The end of the process anywhere but in the files that are a process's start. */
export const endsInMainOnly: Rule = (file) => {
  if (isMain(file)) return [];
  return linesOf(file, /\bprocess\s*\.\s*(exit\s*\(|exitCode\s*=|abort\s*\(|reallyExit)/g).map(
    (line) => `${file.path}:${line} ends the process; only main.ts and *-main.ts may`,
  );
};

const DECLARATION =
  /^(?:import|export|const|let|type|interface|function|async function|class|abstract class|declare)\b/;
const CONTINUATION = /^[\s})\]|&;>`'"]/;
const DEFERRED = /=>|\bfunction\b|\bclass\b/;
const EFFECT =
  /\bawait\b|\bprocess\s*\.\s*(?:env|cwd|argv|on|once|stdin|stdout|stderr)\b|\b(?:Date|performance)\.now\b|\b(?:\w+Sync|spawn|fork|execFile|fetch|setTimeout|setInterval|setImmediate|homedir|tmpdir|hostname|userInfo|randomUUID|randomBytes|createServer|connect|enableCompileCache|watch)\s*\(|\bnew (?:Worker|Server|WebSocket)\b/;

/** Statements and initial values that do something when the file is imported. Approximate: by column and by name. */
export const nothingRunsAtImport: Rule = (file) => {
  if (isMain(file)) return [];
  return topLevelStatements(file.code).flatMap(({ line, code }) => {
    const at = `${file.path}:${line}`;
    if (!DECLARATION.test(code)) return [`${at} runs at import: ${code.split('\n')[0]?.trim() ?? ''}`];
    if (!/^(?:export )?(?:const|let)\b/.test(code)) return [];
    const effect = EFFECT.exec(code.split(DEFERRED)[0] ?? '')?.[0];
    return effect === undefined ? [] : [`${at} does something at import: ${effect.trim()}`];
  });
};

/** The statements that begin at the first column, each with the lines that follow it. */
function topLevelStatements(code: string): { line: number; code: string }[] {
  const statements: { line: number; code: string }[] = [];
  for (const [index, line] of code.split('\n').entries()) {
    const last = statements.at(-1);
    if (line !== '' && !CONTINUATION.test(line)) statements.push({ line: index + 1, code: line });
    else if (last !== undefined) last.code += `\n${line}`;
  }
  return statements;
}

/** Files that are longer than anyone reads. */
export const readableLength: Rule = (file) => {
  const lines = file.text.trimEnd().split('\n').length;
  const most =
    file.path.startsWith('src/') && LONG[file.path] === undefined ? MAX_LINES.src : MAX_LINES.other;
  return lines > most ? [`${file.path} has ${lines} lines, at most ${most}`] : [];
};

/** The first folder below `src`, or the file itself if it lies directly in it. */
export function unitOf(path: string): string {
  return path.split('/')[1] ?? '';
}

function isMain(file: SourceFile): boolean {
  return /(?:\/|-)main\.ts$/.test(file.path);
}

function linesOf(file: SourceFile, pattern: RegExp): number[] {
  return [...file.code.matchAll(pattern)].map((match) => lineAt(file.code, match.index));
}
