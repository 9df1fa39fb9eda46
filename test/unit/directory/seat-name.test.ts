import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite, type TestContext, test } from 'node:test';
import { checkName, defaultName } from '../../../src/directory/seat-name.ts';
import { tempFolder } from '../../fixtures/temp-root.ts';

const NONE: ReadonlySet<string> = new Set();

function projectWithGit(t: TestContext, git: string, head?: string): string {
  const project = join(tempFolder(t), 'app');
  mkdirSync(join(project, 'git-dir'), { recursive: true });
  writeFileSync(join(project, '.git'), git.replace('HERE', join(project, 'git-dir')));
  if (head !== undefined) writeFileSync(join(project, 'git-dir/HEAD'), head);
  return project;
}

suite('names of seats', () => {
  test('the folder’s name, without what a shell or an address would trip over', () => {
    assert.equal(defaultName('/projects/my-app_2.0', NONE), 'my-app_2.0');
    assert.equal(defaultName('/projects/my app (copy)', NONE), 'my-app-copy-');
    assert.equal(defaultName('/projects/--weird@home', NONE), 'weird-home');
    assert.equal(defaultName('/projects/プロジェクト', NONE), 'プロジェクト');
    assert.equal(defaultName('/projects/\u001B[31m\n', NONE), '31m-');
    assert.equal(defaultName('/', NONE), 'session');
    assert.equal(defaultName('/projects/...', NONE), 'session');
    assert.ok(defaultName(`/projects/${'x'.repeat(255)}`, NONE).length <= 64);
  });

  test('further ones of a project are numbered from 2, and a number that is free is used', () => {
    assert.equal(defaultName('/projects/app', new Set(['app'])), 'app-2');
    assert.equal(defaultName('/projects/app', new Set(['app', 'app-3'])), 'app-2');
    assert.equal(defaultName('/projects/app', new Set(['app', 'app-2', 'app-3'])), 'app-4');
  });

  test('every default name is one that a person may give', () => {
    for (const folder of [
      '/projects/app',
      '/',
      '/projects/ \t',
      '/projects/é',
      '/projects/-x',
      `/projects/${'漢'.repeat(80)}`,
      '/projects/😀',
    ])
      assert.doesNotThrow(() => checkName(defaultName(folder, new Set([defaultName(folder, NONE)]))), folder);
  });

  test('a linked worktree adds its branch, a plain clone or a broken pointer does not', (t) => {
    assert.equal(defaultName(projectWithGit(t, 'gitdir: HERE\n', 'ref: refs/heads/fix\n'), NONE), 'app-fix');
    assert.equal(
      defaultName(projectWithGit(t, 'gitdir: git-dir\n', 'ref: refs/heads/a/b\n'), NONE),
      'app-a-b',
    );
    assert.equal(
      defaultName(projectWithGit(t, 'gitdir: HERE\n', '0123456789abcdef\n'), NONE),
      'app',
      'no branch',
    );
    for (const git of ['', 'gitdir: /nonexistent\n', 'x'.repeat(10_000)])
      assert.equal(defaultName(projectWithGit(t, git), NONE), 'app');
    const clone = join(tempFolder(t), 'app');
    mkdirSync(join(clone, '.git'), { recursive: true });
    assert.equal(defaultName(clone, NONE), 'app');
  });

  test('a name with a space, a path or control character, an @, or too long is refused with what is allowed', () => {
    for (const name of ['', ' ', 'a b', 'a/b', '../x', '-x', '.x', 'a@b', 'a\n', 'a\u0000', 'x'.repeat(65)])
      assert.throws(
        () => checkName(name),
        { code: 'name-invalid', message: /Use letters, digits and/ },
        JSON.stringify(name),
      );
    for (const name of ['a', 'app-2', 'App_1.0+x', 'é', 'x'.repeat(64)])
      assert.doesNotThrow(() => checkName(name));
  });
});
