import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after, before, type TestContext, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { daemonPlace } from '../../src/config/daemon-place.ts';
import { callDaemon, type DaemonAccess, ensureDaemon } from '../../src/daemon-link/daemon-client.ts';
import type { CahootsError } from '../../src/protocol/errors.ts';
import type { ManagedSessionRecord, PromptRecord } from '../../src/protocol/managed-session.ts';
import { claudeBinary, createCleanHome, startModelApi } from '../../src/testing/index.ts';
import { unpackedPackage } from '../fixtures/unpacked-package.ts';

let folder: string;
let installed: string;

before(() => {
  folder = mkdtempSync(join(tmpdir(), 'cahoots-e2e-'));
  installed = unpackedPackage(folder);
});

after(() => rmSync(folder, { recursive: true, force: true }));

/** The daemon of the package, for a user whose programs are in `<prefix>/bin` and who has a `claude` of their own. */
async function daemonOf(t: TestContext, prefix: string): Promise<{ access: DaemonAccess; cwd: string }> {
  const api = await startModelApi();
  const home = createCleanHome();
  const root = join(home.home, '.claude', 'session-bridge');
  mkdirSync(root, { recursive: true, mode: 0o700 });
  writeFileSync(join(root, 'settings.json'), JSON.stringify({ claudeProgram: claudeBinary().path }));
  const env = home.env({ ...api.session('worker').env, BRIDGE_DIR: root, PATH: join(prefix, 'bin') });
  const { version } = JSON.parse(readFileSync(join(installed, 'package.json'), 'utf8')) as {
    version: string;
  };
  const program = join(installed, 'plugin/dist/daemon/main.js');
  const access = { place: daemonPlace({ root, env }), program, env, version };
  t.after(async () => {
    await callDaemon(access, { method: 'POST', path: '/v1/shut-down', body: {} });
    await home.waitUntilNothingRuns({ timeoutMs: 20_000 });
    await home.dispose();
    await api.close();
  });
  await ensureDaemon(access);
  return { access, cwd: home.project('app') };
}

test('the package without the Agent SDK says what managed sessions need, and how to get it', async (t) => {
  const { access, cwd } = await daemonOf(t, join(folder, 'without'));
  await assert.rejects(
    callDaemon(access, { method: 'POST', path: '/v1/sessions', body: { name: 'worker', cwd } }),
    (error: CahootsError) =>
      error.code === 'agent-missing' &&
      /npm install --global @anthropic-ai\/claude-agent-sdk/.test(error.remedy),
  );
  assert.deepEqual(await callDaemon(access, { method: 'GET', path: '/v1/sessions' }), []);
});

test('the package finds an Agent SDK that was installed globally beside it, and runs a session with it', async (t) => {
  const prefix = join(folder, 'with');
  const scope = join(prefix, 'lib/node_modules/@anthropic-ai');
  mkdirSync(scope, { recursive: true });
  const sdk = dirname(fileURLToPath(import.meta.resolve('@anthropic-ai/claude-agent-sdk')));
  symlinkSync(sdk, join(scope, 'claude-agent-sdk'));
  const { access, cwd } = await daemonOf(t, prefix);
  const session = (await callDaemon(access, {
    method: 'POST',
    path: '/v1/sessions',
    body: { name: 'worker', cwd },
  })) as ManagedSessionRecord;
  assert.equal(session.state.state, 'idle');
  const { id } = (await callDaemon(access, {
    method: 'POST',
    path: '/v1/sessions/worker/prompts',
    body: { text: 'Say it.', from: 'test' },
  })) as PromptRecord;
  const prompt = (await callDaemon(access, {
    method: 'GET',
    path: `/v1/prompts/${id}?waitMs=30000`,
  })) as PromptRecord;
  assert.deepEqual(prompt.ended, { outcome: 'completed' });
  assert.equal(prompt.turn?.text, 'ECHO[Say it.]');
});
