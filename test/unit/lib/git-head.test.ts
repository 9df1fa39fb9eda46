import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite, type TestContext, test } from 'node:test';
import { gitHead } from '../../../src/lib/git-head.ts';
import { tempFolder } from '../../fixtures/temp-root.ts';

interface Repository {
  readonly folder: string;
  readonly git: (...words: string[]) => string;
  /** Makes a commit and returns its id. */
  readonly commit: () => string;
}

function repository(t: TestContext, folder = join(tempFolder(t), 'lib')): Repository {
  mkdirSync(folder, { recursive: true });
  const env = { PATH: process.env['PATH'] ?? '', HOME: folder, GIT_CONFIG_NOSYSTEM: '1' };
  const git = (...words: string[]): string =>
    execFileSync('git', ['-c', 'user.name=a', '-c', 'user.email=a@b', ...words], {
      cwd: folder,
      env,
      encoding: 'utf8',
    }).trim();
  const commit = (): string => {
    git('commit', '-q', '--allow-empty', '-m', 'more');
    return git('rev-parse', 'HEAD');
  };
  git('init', '-q', '-b', 'main');
  return { folder, git, commit };
}

suite('what a repository has checked out', () => {
  test('is read with its branch, also from a folder inside of it, from packed branches, and without a branch', (t) => {
    const { folder, git, commit } = repository(t);
    assert.equal(gitHead(folder), undefined, 'before the first commit');
    const first = commit();
    const onMain = { ref: 'refs/heads/main', commit: first };
    mkdirSync(join(folder, 'src', 'deep'), { recursive: true });
    for (const place of [folder, join(folder, 'src', 'deep')]) assert.deepEqual(gitHead(place), onMain);
    git('pack-refs', '--all');
    assert.deepEqual(gitHead(folder), onMain);
    const second = commit();
    assert.deepEqual(gitHead(folder), { ref: 'refs/heads/main', commit: second });
    git('checkout', '-q', '--detach', first);
    assert.deepEqual(gitHead(folder), { ref: undefined, commit: first });
  });

  test('is read in a linked worktree', (t) => {
    const { folder, git, commit } = repository(t);
    const id = commit();
    const tree = `${folder}-tree`;
    git('worktree', 'add', '-q', '-b', 'side', tree);
    assert.deepEqual(gitHead(tree), { ref: 'refs/heads/side', commit: id });
  });

  test('[X2] is nothing outside of git and where its files say something else', (t) => {
    const folder = tempFolder(t);
    assert.equal(gitHead(join(folder, 'nowhere')), undefined);
    for (const head of ['', 'ref: refs/heads/../../../etc/passwd', 'ref: /etc/passwd', 'nonsense']) {
      mkdirSync(join(folder, '.git'), { recursive: true });
      writeFileSync(join(folder, '.git', 'HEAD'), head);
      assert.equal(gitHead(folder), undefined, head);
    }
  });
});
