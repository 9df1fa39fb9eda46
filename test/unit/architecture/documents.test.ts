import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { glob, readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { suite, test } from 'node:test';
import { LAYERS } from './layers.ts';
import { PROJECT } from './source-files.ts';

const manifest = JSON.parse(await readFile(join(PROJECT, 'package.json'), 'utf8')) as {
  scripts: Readonly<Record<string, string>>;
};
const documents = await readDocuments();

suite('the documents are true today', () => {
  test('a relative link leads to a file', () => {
    assert.deepEqual(
      documents.flatMap(({ path, text }) => brokenLinks(path, text)),
      [],
    );
  });

  test('a file or folder of the project that is named exists', () => {
    assert.deepEqual(
      documents.flatMap(({ path, text }) => missingPaths(path, text)),
      [],
    );
  });

  test('an npm script that is named exists', () => {
    assert.deepEqual(
      documents.flatMap(({ path, text }) => missingScripts(path, text)),
      [],
    );
  });

  test('a function that a walk names is in its file', async () => {
    const steps = documents.flatMap(({ path, text }) => walkSteps(path, text));
    assert.ok(steps.length > 20);
    const wrong = [];
    for (const { path, file, name } of steps) {
      const isThere = new RegExp(`\\b${name}\\(`).test(await readFile(join(PROJECT, file), 'utf8'));
      if (!isThere) wrong.push(`${path}: ${file} has no ${name}`);
    }
    assert.deepEqual(wrong, []);
  });

  test('AGENTS.md stays within 150 lines and tells the arrows as the layering test has them', async () => {
    const text = await readFile(join(PROJECT, 'AGENTS.md'), 'utf8');
    assert.ok(text.trimEnd().split('\n').length <= 150);
    const told = [...text.matchAll(/^\| `([\w.-]+)` \| (.+) \|$/gm)].map((row) => [
      row[1],
      [...(row[2] ?? '').matchAll(/`([\w./-]+)`/g)].map((name) => name[1] ?? '').sort(),
    ]);
    const expected = Object.entries(LAYERS).map(([name, allowed]) => [name, [...allowed].sort()]);
    assert.deepEqual(Object.fromEntries(told), Object.fromEntries(expected));
  });

  test('what is not true is found', () => {
    const text = '[a](none.md) [b](https://example.org) `src/none/x.ts` `npm run none` `npm test` [c](#part)';
    assert.deepEqual(brokenLinks('README.md', text), ['README.md: none.md']);
    assert.deepEqual(missingPaths('README.md', text), ['README.md: src/none/x.ts']);
    assert.deepEqual(missingScripts('README.md', text), ['README.md: npm run none']);
    assert.deepEqual(walkSteps('a.md', '| `src/x.ts` | `go` | goes |\n| `src/y.ts` | a word |\n'), [
      { path: 'a.md', file: 'src/x.ts', name: 'go' },
    ]);
  });
});

async function readDocuments(): Promise<{ path: string; text: string }[]> {
  const found: { path: string; text: string }[] = [];
  for await (const path of glob(['*.md', 'docs/**/*.md', 'plugin/**/*.md', 'bench/**/*.md'], {
    cwd: PROJECT,
  })) {
    found.push({ path, text: await readFile(join(PROJECT, path), 'utf8') });
  }
  return found;
}

function brokenLinks(path: string, text: string): string[] {
  const links = [...text.matchAll(/\]\(([^)\s]+)\)/g)].map((match) => (match[1] ?? '').split('#')[0] ?? '');
  return links
    .filter((link) => link !== '' && !/^[a-z]+:/.test(link))
    .filter((link) => !existsSync(join(PROJECT, dirname(path), link)))
    .map((link) => `${path}: ${link}`);
}

function missingPaths(path: string, text: string): string[] {
  const named = [...text.matchAll(/`((?:src|test|scripts|bench|docs|\.ci)\/[\w./-]*)`/g)].map(
    (match) => match[1] ?? '',
  );
  return named.filter((name) => !existsSync(join(PROJECT, name))).map((name) => `${path}: ${name}`);
}

/** The rows of a table whose first cell is a file and whose second one is a function of it. */
function walkSteps(path: string, text: string): { path: string; file: string; name: string }[] {
  return [...text.matchAll(/^\| `(src\/[\w./-]+\.ts)` \| `(\w+)` \|/gm)].map(([, file = '', name = '']) => ({
    path,
    file,
    name,
  }));
}

function missingScripts(path: string, text: string): string[] {
  const named = [...text.matchAll(/\bnpm run ([\w:-]+)/g)].map((match) => match[1] ?? '');
  return named
    .filter((name) => manifest.scripts[name] === undefined)
    .map((name) => `${path}: npm run ${name}`);
}
