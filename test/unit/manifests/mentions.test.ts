import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { installedBy } from '../../../src/manifests/install-command.ts';
import { mentionOf } from '../../../src/manifests/mentions.ts';
import {
  ownsText,
  type PackageId,
  packageId,
  parsePackageId,
  usedNames,
} from '../../../src/manifests/package-id.ts';

suite('a text', () => {
  const named: readonly [PackageId, string, string][] = [
    ['npm:my-library', "Error: Cannot find module 'my-library'", ''],
    ['npm:my-library', '  "my-library": "^2.1.0",', '2.1.0'],
    ['npm:my-library', 'npm error notarget my-library@3.0.0-rc.1.', '3.0.0-rc.1'],
    ['npm:my-library', 'at x (/w/node_modules/my-library/index.js:1:2)', ''],
    ['npm:my-library', "import a from 'my-library/part';", ''],
    ['npm:my-library', 'It is my-library.', ''],
    ['npm:@me/core', "Module '\"@me/core\"' has no exported member 'x'.", ''],
    ['npm:core', "Cannot find module 'core'", ''],
    ['npm:core', 'core@2.0.0 is broken', '2.0.0'],
    ['npm:core', '/w/node_modules/core/x.js', ''],
    ['cargo:my-library', 'error[E0432]: unresolved import `my_library::x`', ''],
    ['cargo:my-library', '~/.cargo/registry/src/index.crates.io-1cd/my-library-1.2.0/src/lib.rs', '1.2.0'],
    ['cargo:serde', 'use serde::Serialize;', ''],
    ['go:example.com/me/lib', 'x.go:3:2: package example.com/me/lib/part is not in std', ''],
    ['go:example.com/me/lib', '\texample.com/me/lib v1.4.0', '1.4.0'],
    ['pypi:my-library', "ModuleNotFoundError: No module named 'my_library.part'", ''],
    ['pypi:my-library', 'My.Library==1.0', '1.0'],
    ['pypi:core', 'from core import x', ''],
    ['maven:com.acme:my-lib', '<artifactId>my-lib</artifactId>\n<version>2</version>', ''],
    ['maven:com.acme:my-lib', 'Could not find artifact com.acme:my-lib:jar:2.0', ''],
    ['maven:com.acme:core', "implementation 'com.acme:core:1.5'", '1.5'],
  ];
  test('names a package as the tools of its ecosystem write it, with the version', () => {
    for (const [id, text, version] of named) assert.equal(mentionOf(id, text)?.version, version, text);
  });

  const other: readonly [PackageId, string][] = [
    ['npm:my-library', "Cannot find module 'my-library-extra'"],
    ['npm:my-library', "Cannot find module '@scope/my-library'"],
    ['npm:my-library', 'not-my-library failed'],
    ['npm:my-library', 'my-library.js failed'],
    ['npm:my-library', '/home/me/my-library/x.js failed'],
    ['npm:core', 'the core of the matter; core dumped; src/core/x.ts'],
    ['npm:core', "'core-js' is missing"],
    ['go:example.com/me/lib', 'example.com/me/library'],
    ['pypi:my-library', 'my_library_extra'],
    ['maven:com.acme:core', 'core is broken'],
  ];
  test('does not name a package that only has a similar name, or whose name is a common word', () => {
    for (const [id, text] of other) assert.equal(mentionOf(id, text), undefined, text);
  });

  test('of a megabyte is searched in a moment', () => {
    const texts = ['my-', '@[-', 'node_modules/', '"', 'a/b.', 'registry/src/'].map((part) =>
      part.repeat(65_536 / part.length),
    );
    const start = performance.now();
    for (const text of texts)
      for (const id of ['npm:my-library', 'npm:core', 'pypi:a-b-c', 'maven:a.b:c-d'] as const)
        mentionOf(id, text);
    assert.ok(performance.now() - start < 2_000);
  });
});

suite('a command', () => {
  const cases: readonly [string, string[]][] = [
    ['npm install my-library', ['npm:my-library']],
    ['cd app && npm i -D @me/core@^2.0.0 b', ['npm:@me/core 2.0.0', 'npm:b']],
    ['FOO=1 sudo npm update "my-library"', ['npm:my-library']],
    ['pnpm add x@latest | tail; yarn add y && bun add z', ['npm:x', 'npm:y', 'npm:z']],
    ['npm install', []],
    ['npm install ./local --save-exact --prefix web', []],
    ['pip install -r requirements.txt', []],
    ['npm run install my-library', []],
    ['npm test my-library', []],
    ['echo npm install my-library', []],
    ['cargo add serde@1.2 --features derive', ['cargo:serde 1.2']],
    ['cargo update my-library --precise 1.3.0', ['cargo:my-library 1.3.0']],
    ['go get example.com/me/lib@v1.4.0', ['go:example.com/me/lib 1.4.0']],
    ['python3 -m pip install -U "My_Library[x]>=2.0"', ['pypi:my-library 2.0']],
    ['uv pip install a==1 && uv add b && poetry add c@^2', ['pypi:a 1', 'pypi:b', 'pypi:c 2']],
    ['pip install git+https://x/y', []],
    [
      './mvnw versions:use-dep-version -Dincludes=com.acme:lib -DdepVersion=2.0',
      ['maven:versions:use-dep-version 2.0', 'maven:com.acme:lib 2.0'],
    ],
    ['mvn dependency:get -Dartifact=com.acme:lib:2.0', ['maven:dependency:get', 'maven:com.acme:lib 2.0']],
  ];
  for (const [command, expected] of cases) {
    test(`installs ${expected.join(', ') || 'nothing'}: ${command}`, () => {
      assert.deepEqual(
        installedBy(command).map(({ id, version }) => `${id} ${version}`.trim()),
        expected,
      );
    });
  }
});

suite('the id of a package', () => {
  test('is read back from what another process wrote only if it is one', () => {
    assert.deepEqual(parsePackageId('maven:com.acme:lib'), { registry: 'maven', name: 'com.acme:lib' });
    assert.deepEqual(parsePackageId('npm:@me/x'), { registry: 'npm', name: '@me/x' });
    for (const text of [
      '',
      'npm',
      'npm:',
      'gem:x',
      'npm:a b',
      'npm:`x`',
      'npm:a\nb',
      'pypi:A_b',
      `npm:${'a'.repeat(300)}`,
    ])
      assert.equal(parsePackageId(text), undefined, text);
    assert.equal(packageId('pypi', 'A__b.C'), 'pypi:a-b-c');
  });

  test('is told by its name of those that a project uses', () => {
    const uses = new Set(['npm:b', 'npm:d', 'npm:a b']);
    assert.deepEqual(usedNames(['npm:a', 'npm:b', 'npm:a b', 'npm:d'], uses), ['b', 'd']);
    assert.deepEqual(usedNames(undefined, uses), []);
    assert.equal(ownsText([]), '');
    assert.equal(ownsText(['b']), 'owns b, which this project uses');
    assert.equal(ownsText(['b', 'c', 'd', 'e']), 'owns b, c, d and 1 more, which this project uses');
  });
});
