import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite, test } from 'node:test';
import { wakeFilesOf } from '../../../src/agents/claude-code/live/host-session.ts';
import { thisProcess } from '../../../src/lib/process-identity.ts';
import { cleanEnv } from '../../fixtures/run-program.ts';
import { tempFolder } from '../../fixtures/temp-root.ts';

const REPOSITORY = join(import.meta.dirname, '../../..');
const MAIN = join(REPOSITORY, 'src/hooks/session-start-main.ts');
const LAUNCHER = join(REPOSITORY, 'plugin/bin/session-start.sh');

suite('the start hook as a program', () => {
  test('prints one line of JSON and ends well', (t) => {
    const home = tempFolder(t);
    mkdirSync(join(home, '.claude', 'sessions'), { recursive: true });
    writeFileSync(join(home, '.claude', 'sessions', `${process.pid}.json`), '{}');
    const env = cleanEnv({ HOME: home, CLAUDECODE: '1', CLAUDE_CODE_ENTRYPOINT: 'cli' });
    const { status, stdout, stderr } = spawnSync(process.execPath, [MAIN], {
      env,
      cwd: home,
      encoding: 'utf8',
    });
    const { trigger } = wakeFilesOf(join(home, '.claude', 'session-bridge'), thisProcess());
    assert.deepEqual([status, stderr], [0, '']);
    assert.deepEqual(JSON.parse(stdout), {
      hookSpecificOutput: { hookEventName: 'SessionStart', watchPaths: [trigger] },
    });
    assert.match(stdout, /^[^\n]+\n$/);
  });

  test('tells a fault in one line to the person, and ends well', (t) => {
    const home = tempFolder(t);
    const env = cleanEnv({
      HOME: home,
      CLAUDECODE: '1',
      CLAUDE_CODE_ENTRYPOINT: 'cli',
      BRIDGE_DIR: 'relative',
    });
    const { status, stdout } = spawnSync(process.execPath, [MAIN], { env, cwd: home, encoding: 'utf8' });
    assert.equal(status, 0);
    assert.match(stdout, /^[^\n]+\n$/);
    const { systemMessage } = JSON.parse(stdout) as { systemMessage: string };
    assert.match(systemMessage, /^cahoots: BRIDGE_DIR is "relative"/);
  });
});

suite('the launcher of the start hook', () => {
  test('says in one line what to do where there is no Node', (t) => {
    const empty = tempFolder(t);
    const { status, stdout, stderr } = spawnSync('/bin/sh', [LAUNCHER], {
      env: { PATH: empty },
      encoding: 'utf8',
      input: '{}\n',
    });
    assert.deepEqual([status, stderr], [0, '']);
    assert.match(stdout, /^[^\n]+\n$/);
    const { systemMessage } = JSON.parse(stdout) as { systemMessage: string };
    assert.match(systemMessage, /cahoots is off .* needs Node\.js 22\.13 or newer/);
  });

  test('starts the built program with the Node on the path, without what slows it and without the event', (t) => {
    const folder = tempFolder(t);
    const node = join(folder, 'node');
    const report = 'printf "%s|%s|%s|" "$1" "${NODE_OPTIONS-none}" "${NODE_EXTRA_CA_CERTS-none}"; wc -c';
    writeFileSync(node, `#!/bin/sh\n${report}\n`);
    chmodSync(node, 0o755);
    const { status, stdout } = spawnSync('/bin/sh', [LAUNCHER], {
      env: { PATH: `${folder}:/usr/bin:/bin`, NODE_OPTIONS: '--inspect', NODE_EXTRA_CA_CERTS: '/x' },
      encoding: 'utf8',
      input: '{"event":"with text"}\n',
    });
    assert.equal(status, 0);
    const [program = '', ...rest] = stdout.trim().split('|');
    assert.match(program, /\/plugin\/bin\/\.\.\/dist\/session-start\.js$/);
    assert.deepEqual(
      rest.map((part) => part.trim()),
      ['none', 'none', '0'],
    );
  });
});
