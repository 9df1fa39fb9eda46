import assert from 'node:assert/strict';
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite, type TestContext, test } from 'node:test';
import { resolveConfig } from '../../../src/config/config.ts';
import { CahootsError } from '../../../src/protocol/errors.ts';
import { DAY_MS, tempFolder } from '../../fixtures/temp-root.ts';

interface Home {
  readonly home: string;
  readonly root: string;
  readonly settings: string;
}

function homeWith(t: TestContext, settings?: string): Home {
  const home = tempFolder(t);
  const root = join(home, '.claude', 'session-bridge');
  mkdirSync(root, { recursive: true });
  if (settings !== undefined) writeFileSync(join(root, 'settings.json'), settings);
  return { home, root, settings: join(root, 'settings.json') };
}

function errorFor(t: TestContext, settings: string): CahootsError {
  const { home } = homeWith(t, settings);
  try {
    resolveConfig({ env: { HOME: home }, cwd: home });
  } catch (error) {
    assert.ok(error instanceof CahootsError);
    assert.equal(error.code, 'setting-invalid');
    assert.ok(
      error.message.includes(join(home, '.claude', 'session-bridge', 'settings.json')),
      error.message,
    );
    return error;
  }
  assert.fail(`these settings were accepted: ${settings}`);
}

suite('configuration', () => {
  test('without any setting the defaults hold, and the root is the one of session-bridge v1', (t) => {
    const { home, root } = homeWith(t);
    const config = resolveConfig({ env: { HOME: home }, cwd: home });
    assert.equal(config.root, root);
    assert.deepEqual(config.limits, {
      expiresAfterMs: 7 * DAY_MS,
      keepMs: 30 * DAY_MS,
      keepSeatsMs: 90 * DAY_MS,
      peerTurnsPerHour: 20,
      maxHops: 6,
      maxThreadMessages: 20,
      pairMessagesPerMinute: 12,
    });
    assert.ok(Object.isFrozen(config) && Object.isFrozen(config.limits));
  });

  test('the environment goes before the defaults, and an empty variable counts as unset', (t) => {
    const { home, root } = homeWith(t);
    const env = {
      HOME: home,
      BRIDGE_DIR: '/somewhere/../else',
      PROJECT_DIR: 'app',
      BRIDGE_SESSION_ID: 'abc123',
    };
    const config = resolveConfig({ env, cwd: '/projects' });
    assert.deepEqual(
      [config.root, config.projectDir, config.seatAddress],
      ['/else', '/projects/app', 'abc123'],
    );
    const unset = {
      HOME: home,
      BRIDGE_DIR: '',
      PROJECT_DIR: '',
      BRIDGE_SESSION_ID: '',
      CLAUDE_PROJECT_DIR: '/p',
    };
    const other = resolveConfig({ env: unset, cwd: '/projects' });
    assert.deepEqual([other.root, other.projectDir, other.seatAddress], [root, '/p', undefined]);
  });

  test('a relative mailbox root is refused: two folders would be two roots', (t) => {
    const { home } = homeWith(t);
    assert.throws(() => resolveConfig({ env: { HOME: home, BRIDGE_DIR: 'bridge' }, cwd: home }), {
      code: 'setting-invalid',
      message: /BRIDGE_DIR is "bridge".*absolute path/,
    });
  });

  test('settings are read from the root, also fractions of a day', (t) => {
    const { home } = homeWith(t, '{"expiresAfterDays":0.5,"keepDays":1,"peerTurnsPerHour":3}');
    const { limits } = resolveConfig({ env: { HOME: home }, cwd: home });
    assert.deepEqual(
      [limits.expiresAfterMs, limits.keepMs, limits.peerTurnsPerHour, limits.maxHops],
      [DAY_MS / 2, DAY_MS, 3, 6],
    );
  });

  test('an error in the settings names file, key, what was expected and what was there', (t) => {
    assert.match(errorFor(t, '{"keepDays":"many"}').message, /: keepDays: expected number, got "many"\./);
    assert.match(errorFor(t, '{"keepDays":0}').message, /: keepDays: expected more than 0, got 0\./);
    assert.match(errorFor(t, '{"maxHops":1.5}').message, /: maxHops: expected int, got 1\.5\./);
    assert.match(errorFor(t, '{"keepDay":3}').message, /: file: unknown key "keepDay"\./);
    assert.match(errorFor(t, '[]').message, /: file: expected object, got \[\]\./);
    assert.match(errorFor(t, '{"keepDays":3').message, /JSON/);
  });

  test('settings that cannot be read as a file say so', (t) => {
    const { home, settings } = homeWith(t);
    mkdirSync(settings);
    assert.throws(() => resolveConfig({ env: { HOME: home }, cwd: home }), {
      code: 'setting-invalid',
      message: /settings\.json cannot be used: it is no regular file/,
    });
    const other = homeWith(t);
    symlinkSync('/etc/hostname', other.settings);
    assert.throws(() => resolveConfig({ env: { HOME: other.home }, cwd: home }), { code: 'setting-invalid' });
    const huge = homeWith(t, `{"x":"${'x'.repeat(300_000)}"}`);
    assert.throws(() => resolveConfig({ env: { HOME: huge.home }, cwd: home }), /300008 bytes/);
  });
});
