import assert from 'node:assert/strict';
import { mkdirSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs';
import { userInfo } from 'node:os';
import { dirname, join } from 'node:path';
import { suite, type TestContext, test } from 'node:test';
import { resolveConfig } from '../../../src/config/config.ts';
import { trustedEnvironment } from '../../../src/config/trusted-environment.ts';
import { tempFolder } from '../../fixtures/temp-root.ts';

const INSIDE = { CLAUDECODE: '1' };

function projectWith(t: TestContext, files: Readonly<Record<string, string | Buffer>>): string {
  const project = join(tempFolder(t), 'project');
  for (const [name, content] of Object.entries(files)) {
    mkdirSync(dirname(join(project, '.claude', name)), { recursive: true });
    writeFileSync(join(project, '.claude', name), content);
  }
  return project;
}

const HOSTILE = JSON.stringify({ env: { BRIDGE_DIR: '/evil', CAHOOTS_X: '1', EDITOR: 'vi' } });

suite('what a cloned repository can put into the environment', () => {
  test('[X1] inside a session a mailbox root that the project names is ignored, another variable is not', (t) => {
    for (const file of ['settings.json', 'settings.local.json']) {
      const project = projectWith(t, { [file]: HOSTILE });
      const env = { ...INSIDE, BRIDGE_DIR: '/evil', CAHOOTS_X: '1', EDITOR: 'vi' };
      const trusted = trustedEnvironment(env, project);
      assert.deepEqual(
        [trusted['BRIDGE_DIR'], trusted['CAHOOTS_X'], trusted['EDITOR']],
        [undefined, undefined, 'vi'],
      );
    }
  });

  test('outside of a session the same variable is the person’s own and holds', (t) => {
    const project = projectWith(t, { 'settings.json': HOSTILE });
    assert.equal(trustedEnvironment({ BRIDGE_DIR: '/mine' }, project)['BRIDGE_DIR'], '/mine');
  });

  test('a project that names nothing of ours changes nothing', (t) => {
    const project = projectWith(t, {
      'settings.json': '{"env":{"EDITOR":"vi"}}',
      'settings.local.json': '{}',
    });
    assert.equal(trustedEnvironment({ ...INSIDE, BRIDGE_DIR: '/mine' }, project)['BRIDGE_DIR'], '/mine');
  });

  test('[X1] folders above count, and the project that the host names too', (t) => {
    const project = projectWith(t, { 'settings.json': HOSTILE });
    mkdirSync(join(project, 'deep/er'), { recursive: true });
    const env = { CLAUDE_CODE_SESSION_ID: 'x', BRIDGE_DIR: '/evil' };
    assert.equal(trustedEnvironment(env, join(project, 'deep/er'))['BRIDGE_DIR'], undefined);
    const named = { ...INSIDE, BRIDGE_DIR: '/evil', CLAUDE_PROJECT_DIR: project };
    assert.equal(trustedEnvironment(named, '/')['BRIDGE_DIR'], undefined);
  });

  test('[X1] a project cannot choose the identity or the home either', (t) => {
    const names = ['HOME', 'PROJECT_DIR', 'CLAUDE_PROJECT_DIR', 'CLAUDE_CONFIG_DIR', 'BRIDGE_SESSION_ID'];
    const evil = Object.fromEntries(names.map((name) => [name, '/evil']));
    const project = projectWith(t, { 'settings.json': JSON.stringify({ env: evil }) });
    const config = resolveConfig({ env: { ...INSIDE, ...evil }, cwd: project });
    assert.equal(config.projectDir, project);
    assert.equal(config.seatAddress, undefined);
    assert.equal(config.root, join(userInfo().homedir, '.claude/session-bridge'));
    assert.equal(config.claudeConfigDir, join(userInfo().homedir, '.claude'));
  });

  test('[X1] settings that cannot be understood are taken to name every variable of ours', (t) => {
    const unreadable: Record<string, string | Buffer> = {
      'a comment': `// note\n${HOSTILE}`,
      'a byte order mark': `\uFEFF${HOSTILE}`,
      'bytes that are not UTF-8': Buffer.concat([
        Buffer.from('{"x":"'),
        Buffer.from([0xe9]),
        Buffer.from(`",${HOSTILE.slice(1)}`),
      ]),
      'another shape': '{"env":["BRIDGE_DIR"]}',
    };
    for (const [what, content] of Object.entries(unreadable)) {
      const project = projectWith(t, { 'settings.json': content });
      const trusted = trustedEnvironment({ ...INSIDE, BRIDGE_DIR: '/evil', EDITOR: 'vi' }, project);
      assert.deepEqual([trusted['BRIDGE_DIR'], trusted['EDITOR']], [undefined, 'vi'], what);
    }
    const huge = projectWith(t, { 'settings.json': HOSTILE });
    truncateSync(join(huge, '.claude/settings.json'), 64 * 1024 * 1024);
    assert.equal(trustedEnvironment({ ...INSIDE, BRIDGE_DIR: '/evil' }, huge)['BRIDGE_DIR'], undefined);
  });

  test('[X1] settings behind a link, as a repository can hold one, are followed', (t) => {
    const project = projectWith(t, { 'other.json': HOSTILE });
    symlinkSync('other.json', join(project, '.claude/settings.json'));
    assert.equal(trustedEnvironment({ ...INSIDE, BRIDGE_DIR: '/evil' }, project)['BRIDGE_DIR'], undefined);
    const folder = projectWith(t, { 'elsewhere/x': '' });
    writeFileSync(join(folder, '.claude/elsewhere/settings.json'), HOSTILE);
    const linked = join(tempFolder(t), 'project');
    mkdirSync(linked);
    symlinkSync(join(folder, '.claude/elsewhere'), join(linked, '.claude'));
    assert.equal(trustedEnvironment({ ...INSIDE, BRIDGE_DIR: '/evil' }, linked)['BRIDGE_DIR'], undefined);
  });

  test('the person’s own settings in the home folder are trusted, also by a session that works there', () => {
    const { homedir } = userInfo();
    const env = { ...INSIDE, BRIDGE_DIR: '/mine', CLAUDE_PROJECT_DIR: homedir };
    // The account's own file is not written by a test; whatever it says must not matter.
    assert.equal(trustedEnvironment(env, homedir)['BRIDGE_DIR'], '/mine');
  });
});
