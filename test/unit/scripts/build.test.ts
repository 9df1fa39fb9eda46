import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import {
  access,
  cp,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  rm,
  symlink,
  utimes,
  writeFile,
} from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { after, before, suite, test } from 'node:test';
import { promisify } from 'node:util';
import { Script } from 'node:vm';
import type { Entry } from '../../../scripts/build/entries.ts';
import { buildProject } from '../../../scripts/build/project.ts';

const run = promisify(execFile);
const project = resolve(import.meta.dirname, '../../..');
const manifest = { type: 'module', engines: { node: '>=22.13.0' } };

const SOURCES = {
  'src/index.ts': `export { Failure } from './lib/failure.ts';\nexport type { Fact } from './lib/failure.ts';\n`,
  'src/testing/index.ts': `export { fail } from '../lib/failure.ts';\n`,
  'src/lib/failure.ts': `export type Fact = { readonly code: string };
export class Failure extends Error { readonly fact: Fact = { code: 'none' }; }
export function fail(): never { throw new Failure('failed'); }\n`,
  'src/cli/main.ts': `import { Command } from 'commander';
const program = new Command('sample').argument('<word>').action(async (word: string) => {
  const { shout } = await import('./shout.ts');
  process.stdout.write(shout(word));
});
await program.parseAsync();\n`,
  'src/cli/shout.ts': `export function shout(word: string): string { return word.toUpperCase() + '\\n'; }\n`,
  'src/hooks/start-main.ts': `process.stdout.write('hook ran\\n');\n`,
};

const ENTRIES: readonly Entry[] = [
  { source: 'src/index.ts', folder: 'dist', bundle: 'index', types: true },
  { source: 'src/testing/index.ts', folder: 'dist', bundle: 'testing/index', types: true },
  {
    source: 'src/cli/main.ts',
    folder: 'dist/cli',
    bundle: 'cli',
    launcher: { kind: 'cli', file: 'main.js' },
  },
  {
    source: 'src/hooks/start-main.ts',
    folder: 'plugin/dist',
    bundle: 'start-main',
    launcher: { kind: 'hook', file: 'start.js' },
  },
];

suite('the build', () => {
  let root: string;
  let home: string;
  const clean = { manifest, removeAllStrays: true };

  before(async () => {
    root = await mkdtemp(join(tmpdir(), 'build-'));
    home = join(root, 'home');
    await mkdir(home);
    await symlink(join(project, 'node_modules'), join(root, 'node_modules'));
    await cp(join(project, 'tsconfig.json'), join(root, 'tsconfig.json'));
    await writeFile(join(root, 'package.json'), JSON.stringify(manifest));
    for (const [path, text] of Object.entries(SOURCES)) {
      await mkdir(dirname(join(root, path)), { recursive: true });
      await writeFile(join(root, path), text);
    }
    await buildProject(root, ENTRIES, clean);
  });

  after(async () => {
    await rm(root, { recursive: true, force: true });
  });

  async function runNode(args: readonly string[]): Promise<{ code: number; stdout: string; stderr: string }> {
    try {
      const done = await run(process.execPath, args, {
        env: { PATH: process.env['PATH'], HOME: home },
        cwd: root,
      });
      return { code: 0, ...done };
    } catch (error) {
      return error as { code: number; stdout: string; stderr: string };
    }
  }

  /** Makes a launcher believe that it runs on another version of Node. */
  function asNode(version: string): string[] {
    const script = `Object.defineProperty(process.versions, 'node', { value: '${version}' })`;
    return ['--import', `data:text/javascript,${encodeURIComponent(script)}`];
  }

  test('a bundled command line runs, CommonJS dependencies and lazy parts included', async () => {
    const shown = await runNode([join(root, 'dist/cli/main.js'), 'hello']);
    assert.deepEqual(shown, { code: 0, stdout: 'HELLO\n', stderr: '' });
    await access(join(home, '.cache/cahoots/compile-cache'));
  });

  test('a command on an old Node says found, needed and remedy, and exits with 1', async () => {
    const { code, stdout, stderr } = await runNode([...asNode('22.12.1'), 'dist/cli/main.js', 'hello']);
    assert.deepEqual([code, stdout], [1, '']);
    assert.match(
      stderr,
      /^cahoots needs Node\.js 22\.13 or newer, and this is 22\.12\.1 \(.+\)\. Install .+\n$/,
    );
  });

  test('a hook on an old Node tells the person and does not fail', async () => {
    const { code, stdout, stderr } = await runNode([...asNode('18.20.0'), 'plugin/dist/start.js']);
    assert.deepEqual([code, stderr], [0, '']);
    const answer = JSON.parse(stdout) as { systemMessage: string };
    assert.match(answer.systemMessage, /needs Node\.js 22\.13 or newer, and this is 18\.20\.0/);
  });

  test('the plugin runs from a folder that was copied away from the package', async () => {
    const copy = join(root, 'copied');
    await cp(join(root, 'plugin'), copy, { recursive: true });
    const shown = await runNode([join(copy, 'dist/start.js')]);
    assert.deepEqual(shown, { code: 0, stdout: 'hook ran\n', stderr: '' });
  });

  test('a launcher uses no syntax that Node 12 could not read, as a script or as a module', async () => {
    const text = await readFile(join(root, 'dist/cli/main.js'), 'utf8');
    assert.ok(new Script(text.replace(/^#!.*/, '')));
    for (const newer of ['?.', '??', '`', '=>', 'await ', 'async ']) assert.ok(!text.includes(newer), newer);
  });

  test('the two modules of the package share a class', async () => {
    const probe = `const { Failure } = await import('./dist/index.js'); const { fail } = await import('./dist/testing/index.js');
      try { fail(); } catch (error) { console.log(error instanceof Failure); }`;
    assert.equal((await runNode(['--input-type=module', '-e', probe])).stdout, 'true\n');
  });

  test('the published types are usable from outside', async () => {
    const user = join(root, 'user');
    await mkdir(user);
    const text = `import { Failure, type Fact } from '../dist/types/index.js';
import { fail } from '../dist/types/testing/index.js';
export const fact: Fact = new Failure('x').fact;
export const wrong: number = fact.code;
export const never: typeof fail extends () => never ? true : false = true;\n`;
    await writeFile(join(user, 'use.ts'), text);
    await writeFile(
      join(user, 'tsconfig.json'),
      JSON.stringify({
        compilerOptions: { module: 'nodenext', strict: true, noEmit: true, types: [] },
        files: ['use.ts'],
      }),
    );
    const { stdout } = await runNode([join(root, 'node_modules/typescript/bin/tsc'), '-p', user]);
    assert.match(stdout, /use\.ts.*error TS2322: Type 'string' is not assignable to type 'number'/);
    assert.equal(stdout.trim().split('\n').length, 1, stdout);
  });

  test('the notices name what was bundled, with its licence, and nothing else', async () => {
    const cli = await readFile(join(root, 'dist/cli/THIRD-PARTY-NOTICES.txt'), 'utf8');
    assert.match(cli, /commander 1\d+\.\d+\.\d+ \(MIT\)[\s\S]+Permission is hereby granted/);
    assert.doesNotMatch(cli, /esbuild/);
    const module = await readFile(join(root, 'dist/THIRD-PARTY-NOTICES.txt'), 'utf8');
    assert.equal(module, 'No code of other packages is in this folder.\n');
  });

  test('a second build changes nothing, and builds at once leave a whole output', async () => {
    const filesBefore = (await readdir(join(root, 'dist'), { recursive: true })).sort();
    const results = await Promise.all([1, 2, 3].map(async () => await buildProject(root, ENTRIES, clean)));
    assert.deepEqual(
      results.map(({ written, removed }) => ({ written, removed })),
      [1, 2, 3].map(() => ({ written: 0, removed: 0 })),
    );
    assert.deepEqual((await readdir(join(root, 'dist'), { recursive: true })).sort(), filesBefore);
    assert.deepEqual(
      (await readdir(root)).filter((name) => name.startsWith('.build-')),
      [],
    );
  });

  test('a chunk of an earlier build stays for an hour, for processes that still run from it', async () => {
    const old = join(root, 'dist/chunks/old-AAAA.js');
    const recent = join(root, 'dist/chunks/recent-AAAA.js');
    await mkdir(dirname(old), { recursive: true });
    for (const path of [old, recent]) await writeFile(path, '');
    const twoHoursAgo = new Date(Date.now() - 7_200_000);
    await utimes(old, twoHoursAgo, twoHoursAgo);
    const { removed } = await buildProject(root, ENTRIES, { manifest, removeAllStrays: false });
    assert.equal(removed, 1);
    await access(recent);
    await buildProject(root, ENTRIES, clean);
    await assert.rejects(access(recent));
  });

  test('a row whose source is missing fails the build and says which', async () => {
    const entries = [...ENTRIES, { source: 'src/none.ts', folder: 'dist', bundle: 'none' }];
    await assert.rejects(buildProject(root, entries, clean), /No such source: src\/none\.ts\..*entries\.ts/);
  });

  test('a floor that is not written as expected is an error', async () => {
    const other = { manifest: { engines: { node: '22' } }, removeAllStrays: true };
    await assert.rejects(buildProject(root, ENTRIES, other), /engines\.node in package\.json is "22"/);
  });
});
