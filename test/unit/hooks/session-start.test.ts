import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { suite, type TestContext, test } from 'node:test';
import { wakeFilesOf } from '../../../src/agents/claude-code/live/host-session.ts';
import { wakeFolderName, wakeFoldersOf } from '../../../src/agents/claude-code/live/wake-folders.ts';
import type { Environment } from '../../../src/config/trusted-environment.ts';
import { sessionStart } from '../../../src/hooks/session-start.ts';
import { identityOf, thisProcess } from '../../../src/lib/process-identity.ts';
import { CahootsError } from '../../../src/protocol/errors.ts';
import { deadProcess, tempFolder } from '../../fixtures/temp-root.ts';

interface StartingHost {
  readonly home: string;
  readonly root: string;
  readonly registry: string;
  /** What the hook answers when the host runs it below this process. */
  readonly start: (env?: Environment, parentPid?: number) => unknown;
}

/** A session of a person: this process stands for its `claude`, and is registered as one. */
function startingHost(t: TestContext): StartingHost {
  const home = tempFolder(t);
  const registry = join(home, '.claude', 'sessions');
  mkdirSync(registry, { recursive: true });
  writeFileSync(join(registry, `${process.pid}.json`), '{}');
  return {
    home,
    root: join(home, '.claude', 'session-bridge'),
    registry,
    start: (env = {}, parentPid = process.pid) =>
      JSON.parse(
        sessionStart({
          env: { HOME: home, CLAUDECODE: '1', CLAUDE_CODE_ENTRYPOINT: 'cli', ...env },
          cwd: home,
          parentPid,
        }),
      ) as unknown,
  };
}

function watching(trigger: string): unknown {
  return { hookSpecificOutput: { hookEventName: 'SessionStart', watchPaths: [trigger] } };
}

suite('the start hook of a session', () => {
  test('puts up the watched file in a private folder, and names it to the host', (t) => {
    const { root, start } = startingHost(t);
    const { trigger, armed } = wakeFilesOf(root, thisProcess());
    assert.deepEqual(start(), watching(trigger));
    assert.ok(existsSync(trigger) && existsSync(armed));
    assert.equal(statSync(dirname(trigger)).mode & 0o777, 0o700);
    assert.equal(statSync(trigger).mode & 0o777, 0o600);
    assert.deepEqual(start(), watching(trigger), 'again after /clear');
  });

  test('finds the session that runs it: named by the host, or the next one above that is registered', (t) => {
    const { root, registry, start } = startingHost(t);
    const parent = identityOf(process.ppid);
    assert.ok(parent);
    assert.deepEqual(
      start({ CLAUDE_PID: String(process.pid) }, 1),
      watching(wakeFilesOf(root, thisProcess()).trigger),
    );
    assert.deepEqual(start({ CLAUDE_PID: '1' }), watching(wakeFilesOf(root, thisProcess()).trigger));
    assert.deepEqual(start({ CLAUDE_PID: 'x' }), watching(wakeFilesOf(root, thisProcess()).trigger));
    rmSync(join(registry, `${process.pid}.json`));
    assert.deepEqual(start(), {}, 'nobody above is registered');
    writeFileSync(join(registry, `${process.ppid}.json`), '{}');
    assert.deepEqual(start(), watching(wakeFilesOf(root, parent).trigger));
  });

  test('[S1] answers nothing and leaves nothing in a one-shot, SDK or managed session', (t) => {
    const { root, start } = startingHost(t);
    for (const env of [
      { CLAUDE_CODE_ENTRYPOINT: 'sdk-cli' },
      { CLAUDE_CODE_ENTRYPOINT: 'sdk-ts' },
      { CLAUDE_CODE_ENTRYPOINT: undefined },
      { CAHOOTS_MANAGED: '1' },
    ])
      assert.deepEqual(start(env), {});
    assert.equal(existsSync(root), false);
  });

  test('answers nothing where there is no registry, or a link stands in it', (t) => {
    const { registry, start } = startingHost(t);
    rmSync(registry, { recursive: true });
    assert.deepEqual(start(), {});
  });

  test('follows where the person’s settings put mailboxes and registry', (t) => {
    const { home, start } = startingHost(t);
    const config = join(home, 'other-config');
    mkdirSync(join(config, 'sessions'), { recursive: true });
    writeFileSync(join(config, 'sessions', `${process.pid}.json`), '{}');
    const root = join(home, 'mail boxes');
    assert.deepEqual(
      start({ CLAUDE_CONFIG_DIR: config, BRIDGE_DIR: root }),
      watching(wakeFilesOf(root, thisProcess()).trigger),
    );
  });

  test('[X1] does not follow a project that names a place for the mailboxes', (t) => {
    const { home, root, start } = startingHost(t);
    const project = join(home, 'cloned');
    mkdirSync(join(project, '.claude'), { recursive: true });
    const elsewhere = join(home, 'elsewhere');
    writeFileSync(
      join(project, '.claude', 'settings.json'),
      JSON.stringify({ env: { BRIDGE_DIR: elsewhere } }),
    );
    assert.deepEqual(
      start({ CLAUDE_PROJECT_DIR: project, BRIDGE_DIR: elsewhere }),
      watching(wakeFilesOf(root, thisProcess()).trigger),
    );
    assert.equal(existsSync(elsewhere), false);
  });

  test('removes what ended sessions left', (t) => {
    const { root, start } = startingHost(t);
    mkdirSync(join(wakeFoldersOf(root), wakeFolderName(deadProcess())), { recursive: true });
    start();
    assert.deepEqual(readdirSync(wakeFoldersOf(root)), [wakeFolderName(thisProcess())]);
  });

  test('says what is wrong where settings cannot be used', (t) => {
    const { start } = startingHost(t);
    assert.throws(() => start({ BRIDGE_DIR: 'relative' }), CahootsError);
  });
});
