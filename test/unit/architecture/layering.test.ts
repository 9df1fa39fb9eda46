import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { glob, readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { suite, test } from 'node:test';
import { LAYERS } from './layers.ts';
import {
  arrows,
  endsInMainOnly,
  nothingRunsAtImport,
  type Rule,
  readableLength,
  separateAdapters,
  unitOf,
  wellNamedImports,
} from './rules.ts';
import { PROJECT, readSources, type SourceFile, toSource } from './source-files.ts';

const manifest = JSON.parse(await readFile(join(PROJECT, 'package.json'), 'utf8')) as {
  devDependencies: Record<string, string>;
};
const packages = new Set(Object.keys(manifest.devDependencies));
const sources = await readSources('src');

function check(rule: Rule, files: readonly SourceFile[]): void {
  const violations = files.flatMap(rule);
  assert.equal(violations.length, 0, `\n${violations.join('\n')}`);
}

suite('the architecture', () => {
  test('the arrows between the folders of src hold', () => {
    check(arrows(LAYERS), sources);
  });

  test('the table of layers has no cycle', () => {
    const visit = (name: string, path: readonly string[]): void => {
      assert.ok(!path.includes(name), `${[...path, name].join(' → ')} is a cycle`);
      for (const next of LAYERS[name] ?? []) visit(next.split('/')[0] ?? '', [...path, name]);
    };
    for (const name of Object.keys(LAYERS)) visit(name, []);
  });

  test('adapters of one port never import each other', () => {
    check(separateAdapters, sources);
  });

  test('imports name built-in modules with node:, files with .ts, and packages of package.json', async () => {
    check(wellNamedImports(packages), [...sources, ...(await readSources('test', 'scripts', 'bench'))]);
  });

  test('only main.ts and *-main.ts end the process', () => {
    check(endsInMainOnly, sources);
  });

  test('nothing runs, reads or exits at import', () => {
    check(nothingRunsAtImport, sources);
  });

  test('no file of the product is longer than 350 lines, and no other one longer than 500', async () => {
    check(readableLength, [...sources, ...(await readSources('test', 'scripts', 'bench'))]);
  });

  test('each folder of src has tests under the same name', async () => {
    const folders = new Set(sources.map((file) => unitOf(file.path)).filter((name) => !name.endsWith('.ts')));
    const untested: string[] = [];
    for (const folder of folders) {
      const places = ['unit', 'integration'].map((kind) => join(PROJECT, 'test', kind, folder));
      const found = await Promise.all(places.map(hasTests));
      if (!found.includes(true)) untested.push(folder);
    }
    assert.deepEqual(untested, [], 'folders of src without test/unit/<folder> or test/integration/<folder>');
  });

  test('each folder of unit tests mirrors a folder', async () => {
    const folders = await readdir(join(PROJECT, 'test/unit'));
    const places = ['architecture', 'fuzz', 'faults', 'scripts', 'plugin', 'bench'];
    const strays = folders.filter(
      (name) => !places.includes(name) && !existsSync(join(PROJECT, 'src', name)),
    );
    assert.deepEqual(strays, []);
  });
});

async function hasTests(folder: string): Promise<boolean> {
  for await (const _ of glob('**/*.test.ts', { cwd: folder })) return true;
  return false;
}

suite('the rules of the architecture find', () => {
  const finds = (rule: Rule, path: string, text: string): string => rule(toSource(path, text)).join('\n');
  const layers = { low: [], high: ['low', 'port/port.ts'] };

  test('an import against an arrow, however it is written', () => {
    const rule = arrows(layers);
    const lines = [
      `import { a } from '../high/a.ts';`,
      `import type { A } from '../high/a.ts';`,
      `import '../high/a.ts';`,
      `export * from '../high/a.ts';`,
      `export {\n  a,\n} from '../high/a.ts';`,
      `const a = async () => await import('../high/a.ts');`,
      `export type A = import('../high/a.ts').A;`,
    ];
    for (const line of lines) {
      assert.match(
        finds(rule, 'src/low/x.ts', line),
        /^src\/low\/x\.ts:\d imports high\/a\.ts; low may import nothing$/,
        line,
      );
    }
    assert.match(finds(rule, 'src/high/x.ts', `import '../port/adapter.ts';`), /imports port\/adapter\.ts/);
    assert.match(finds(rule, 'src/low/x.ts', `import '../../scripts/x.ts';`), /outside of src/);
    assert.match(finds(rule, 'src/new/x.ts', ''), /src\/new is not in the table/);
  });

  test('nothing where the arrows allow the import, or where it is only text', () => {
    const rule = arrows(layers);
    const lines = [
      `import { a } from '../low/a.ts';`,
      `import { a } from './b.ts';`,
      `import type { Port } from '../port/port.ts';`,
      `import { z } from 'zod';`,
      `// import { a } from '../none/a.ts';`,
      'const program = `\nimport { a } from "../none/a.ts";\n${name(`}`)}\n`;',
      `const quote = /['"]/; // '\nconst text = "import('../none/a.ts')";`,
    ];
    for (const line of lines) assert.equal(finds(rule, 'src/high/x.ts', line), '', line);
  });

  test('an adapter that imports another one, and a port that imports an adapter', () => {
    assert.match(finds(separateAdapters, 'src/agents/a.ts', `import './b.ts';`), /another adapter, b\.ts/);
    assert.match(finds(separateAdapters, 'src/agents/a/x.ts', `import '../b/y.ts';`), /another adapter, b/);
    assert.match(finds(separateAdapters, 'src/agents/agent.ts', `import './a.ts';`), /is the port/);
    assert.equal(finds(separateAdapters, 'src/agents/a/x.ts', `import './y.ts';\nimport '../agent.ts';`), '');
  });

  test('a built-in module without node:, an unknown package, an import without .ts', () => {
    const rule = wellNamedImports(new Set(['zod', '@some/thing']));
    assert.match(finds(rule, 'src/a/b.ts', `import fs from 'fs/promises';`), /write node:fs\/promises/);
    assert.match(
      finds(rule, 'src/a/b.ts', `import x from '@some/other/part';`),
      /does not name @some\/other$/,
    );
    assert.match(finds(rule, 'src/a/b.ts', `import x from './c.js';`), /ends in \.ts/);
    assert.equal(finds(rule, 'src/a/b.ts', `import x from 'zod/mini';\nimport y from '@some/thing/p';`), '');
  });

  test('an end of the process outside of a main file', () => {
    for (const line of ['process.exit(1);', 'process.exitCode = 1;', 'process.abort();']) {
      const text = `export function f(): void {\n  ${line}\n}`;
      assert.match(finds(endsInMainOnly, 'src/lib/x.ts', text), /^src\/lib\/x\.ts:2 ends the process/);
      assert.equal(finds(endsInMainOnly, 'src/cli/main.ts', text), '');
      assert.equal(finds(endsInMainOnly, 'src/hooks/start-main.ts', text), '');
    }
    assert.equal(
      finds(endsInMainOnly, 'src/lib/x.ts', `if (child.exitCode === 1) say('process.exit()');`),
      '',
    );
  });

  test('what runs at import', () => {
    const bad = [
      'main();',
      'await main();',
      'if (a) b();',
      `process.on('exit', () => {});`,
      `const root = process.env['HOME'];`,
      'export const home = homedir();',
      `const text = JSON.parse(\n  readFileSync('a', 'utf8'),\n);`,
      'const late = await load();',
      'const start = Date.now();',
      'for (const a of b) c(a);',
    ];
    for (const text of bad) assert.notEqual(finds(nothingRunsAtImport, 'src/lib/x.ts', text), '', text);
    const good = [
      `const root = () => process.env['HOME'];`,
      'export function home(): string {\n  return homedir();\n}',
      'export const LIMITS = {\n  a: 1,\n} as const satisfies Record<string, number>;',
      'export class A {\n  static b = 1;\n}',
      'const program = `\nmain();\n`;',
      'export type A =\n  | 1\n  | 2;',
    ];
    for (const text of good) assert.equal(finds(nothingRunsAtImport, 'src/lib/x.ts', text), '', text);
    assert.equal(finds(nothingRunsAtImport, 'src/cli/main.ts', 'await main();'), '');
  });

  test('a file of 351 lines, or of 501 outside of the product', () => {
    assert.match(finds(readableLength, 'src/lib/x.ts', 'a;\n'.repeat(351)), /has 351 lines, at most 350/);
    assert.equal(finds(readableLength, 'src/lib/x.ts', 'a;\n'.repeat(350)), '');
    assert.match(finds(readableLength, 'test/unit/x.ts', 'a;\n'.repeat(501)), /has 501 lines, at most 500/);
    assert.equal(finds(readableLength, 'test/unit/x.ts', 'a;\n'.repeat(500)), '');
  });
});
