import type { LauncherKind } from './entries.ts';

/** The lowest version of Node that runs the package. */
export interface NodeFloor {
  readonly major: number;
  readonly minor: number;
}

/** Reads the floor from `engines.node` of package.json, which must have the form `>=22.13.0`. */
export function parseNodeFloor(manifest: unknown): NodeFloor {
  const engines = (manifest as { engines?: { node?: unknown } } | null)?.engines?.node;
  const found = /^>=(\d+)\.(\d+)\.\d+$/.exec(String(engines));
  if (found === null) {
    throw new Error(`engines.node in package.json is ${JSON.stringify(engines)}; write it as ">=22.13.0".`);
  }
  return { major: Number(found[1]), minor: Number(found[2]) };
}

/**
 * A program that any Node from 12 on can read, as a module or as CommonJS: it checks the version, turns the compile
 * cache on and loads the bundle. Below the floor it says what was found, what is needed and how to get it, and loads
 * nothing: as text and exit status 1, or for a hook as a message to the person, without failing the session's start.
 */
export function launcherText(
  kind: LauncherKind,
  { bundle, floor }: { bundle: string; floor: NodeFloor },
): string {
  const needed = `${floor.major}.${floor.minor}`;
  return `#!/usr/bin/env node
(function () {
  var found = process.versions.node;
  var parts = found.split('.');
  if (Number(parts[0]) < ${floor.major} || (Number(parts[0]) === ${floor.major} && Number(parts[1]) < ${floor.minor})) {
    ${REFUSALS[kind](needed)}
    return;
  }
  var module = process.getBuiltinModule('node:module');
  module.enableCompileCache(cacheFolder(process.getBuiltinModule('node:path').join));
  import(${JSON.stringify(bundle)})${AFTER_LOADING[kind]};

  // Not Node's default, which lies in a temporary folder that other users can write to.
  function cacheFolder(join) {
    var home = process.getBuiltinModule('node:os').homedir();
    var caches = join(home, '.cache');
    if (process.platform === 'darwin') caches = join(home, 'Library', 'Caches');
    if (process.platform === 'win32') caches = process.env.LOCALAPPDATA || join(home, 'AppData', 'Local');
    return join(process.env.XDG_CACHE_HOME || caches, 'cahoots', 'compile-cache');
  }
})();
`;
}

const FOUND = `found + ' (' + process.execPath + ')'`;
const REMEDY = 'Install a current one (https://nodejs.org, or your version manager: nvm install 24)';

const REFUSALS: Record<LauncherKind, (needed: string) => string> = {
  cli: (needed) =>
    `process.stderr.write('cahoots needs Node.js ${needed} or newer, and this is ' + ${FOUND} + '. ${REMEDY}, see with "node --version" that it comes first on your PATH, and run the command again.\\n');
    process.exitCode = 1;`,
  attendant: (needed) =>
    `process.stderr.write('cahoots needs Node.js ${needed} or newer, and this is ' + ${FOUND} + '. ${REMEDY} and start the session again.\\n');
    process.exitCode = 1;`,
  hook: (needed) =>
    `process.stdout.write(JSON.stringify({ systemMessage: 'cahoots is off in this session: it needs Node.js ${needed} or newer, and this is ' + ${FOUND} + '. ${REMEDY} and start the session again.' }) + '\\n');`,
};

const AFTER_LOADING: Record<LauncherKind, string> = {
  cli: '',
  // It lives as long as its session and is then often killed: what was compiled is saved while it runs.
  attendant: `.then(function () {
    setTimeout(module.flushCompileCache, 2000).unref();
  })`,
  hook: '',
};
