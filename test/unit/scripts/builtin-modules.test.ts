import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite, type TestContext, test } from 'node:test';
import { pathToFileURL } from 'node:url';
import * as esbuild from 'esbuild';
import { builtinModules } from '../../../scripts/build/builtin-modules.ts';
import { tempFolder } from '../../fixtures/temp-root.ts';

/** Bundles a program with one CommonJS module beside it, and returns its text and what it exports. */
async function bundled(
  t: TestContext,
  { program, common = '' }: { program: string; common?: string },
): Promise<{ text: string; exports: Record<string, unknown> }> {
  const folder = tempFolder(t);
  writeFileSync(join(folder, 'program.mjs'), program);
  writeFileSync(join(folder, 'common.cjs'), common);
  const outfile = join(folder, 'bundle.mjs');
  await esbuild.build({
    entryPoints: [join(folder, 'program.mjs')],
    outfile,
    bundle: true,
    format: 'esm',
    platform: 'node',
    plugins: [builtinModules],
    logLevel: 'silent',
  });
  const { readFileSync } = await import('node:fs');
  const exports = (await import(pathToFileURL(outfile).href)) as Record<string, unknown>;
  return { text: readFileSync(outfile, 'utf8'), exports };
}

suite('built-in modules in a bundle', () => {
  test('work by name, as a default and as a namespace, and are not imported', async (t) => {
    const { text, exports } = await bundled(t, {
      program: `import { join } from 'node:path';
import os, { EOL } from 'os';
import * as url from 'node:url';
export const path = join('a', 'b');
export const same = os.EOL === EOL;
export const address = new url.URL('http://localhost/').host;`,
    });
    assert.deepEqual({ ...exports }, { path: join('a', 'b'), same: true, address: 'localhost' });
    assert.doesNotMatch(text, /^import /m);
    assert.doesNotMatch(text, /tmpdir/);
  });

  test('are not even looked at when only a name of them is imported that nobody uses', async (t) => {
    const { text } = await bundled(t, {
      program: `import { randomBytes } from 'node:crypto';
export const unused = () => 1;`,
    });
    assert.doesNotMatch(text, /crypto/);
  });

  test('work for CommonJS packages, which look at them when they use them', async (t) => {
    const { exports } = await bundled(t, {
      program: `import common from './common.cjs'; export const { late, emits } = common;`,
      common: `const { EventEmitter } = require('node:events');
const childProcess = require('child_process');
class Emitter extends EventEmitter {}
module.exports = { late: typeof childProcess.spawn, emits: new Emitter() instanceof EventEmitter };`,
    });
    assert.deepEqual({ ...exports }, { late: 'function', emits: true });
  });

  test('an import of a name that a module does not have fails the build', async (t) => {
    await assert.rejects(
      bundled(t, { program: `export { nothingOfThatName } from 'node:fs';` }),
      /nothingOfThatName/,
    );
  });
});
