/** What an old Node is told, and how: as text on standard error, or as the answer of a hook. */
export type LauncherKind = 'cli' | 'attendant' | 'hook';

/** One program or module of the package. */
export interface Entry {
  /** The file in which it starts, relative to the project. */
  readonly source: string;
  /** The output folder. Entries with the same folder share chunks, so a class exists once among them. */
  readonly folder: string;
  /** Where the bundle goes in that folder, without `.js`. */
  readonly bundle: string;
  /** A small file in front of it that checks the version of Node before any newer syntax is read. */
  readonly launcher?: { readonly kind: LauncherKind; readonly file: string };
  /** Whether its types are part of the package. */
  readonly types?: boolean;
}

/** Everything that is built. Each source must exist: a row whose file is missing fails the build. */
export const ENTRIES: readonly Entry[] = [
  { source: 'src/index.ts', folder: 'dist', bundle: 'index', types: true },
  {
    source: 'src/cli/main.ts',
    folder: 'dist/cli',
    bundle: 'cahoots',
    launcher: { kind: 'cli', file: 'main.js' },
  },
  { source: 'src/testing/index.ts', folder: 'dist', bundle: 'testing/index', types: true },
  {
    source: 'src/mcp/main.ts',
    folder: 'plugin/dist',
    bundle: 'attendant-main',
    launcher: { kind: 'attendant', file: 'attendant.js' },
  },
  // In the plugin, so that one that was copied elsewhere has it, too. Apart from the attendant, which every session has:
  // with chunks of their own each loads what it needs, and the attendant is 6 MB smaller.
  {
    source: 'src/daemon/main.ts',
    folder: 'plugin/dist/daemon',
    bundle: 'daemon',
    launcher: { kind: 'attendant', file: 'main.js' },
  },
  {
    source: 'src/hooks/session-start-main.ts',
    folder: 'plugin/dist',
    bundle: 'session-start-main',
    launcher: { kind: 'hook', file: 'session-start.js' },
  },
];
