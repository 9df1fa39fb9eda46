import assert from 'node:assert/strict';
import {
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { join, resolve } from 'node:path';
import { suite, type TestContext, test } from 'node:test';
import type { Check } from '../../../src/installer/checks/check.ts';
import { unlessGone } from '../../../src/lib/errno.ts';
import { waitFor } from '../../../src/testing/index.ts';
import { type ProgramRun, startCommand } from '../../fixtures/run-program.ts';
import {
  type BridgedSession,
  benchForSuite,
  PATIENCE_MS,
  type SessionBench,
} from '../../fixtures/session-bench.ts';
import { testedBinaries } from '../../fixtures/tested-binaries.ts';

const PROJECT = resolve(import.meta.dirname, '../../..');

for (const binary of testedBinaries()) {
  suite(`claude ${binary.version}`, () => {
    const bench = benchForSuite(binary);
    let session: BridgedSession;
    let before: Record<string, string>;

    test('setup shows what it will do and does nothing without a yes', async (t) => {
      makeV1Session(bench().root);
      packageIn(bench(), INSTALLED);
      before = filesOf(bench().home.home);
      const npx = packageIn(bench(), NPX);
      const run = await cahoots(t, bench(), ['setup'], npx);
      assert.equal(run.code, 2);
      assert.match(run.stdout, /\$ claude plugin install cahoots@cahoots --scope user/);
      assert.match(run.stderr, /no terminal\), so nothing was changed.*--yes/);
      assert.match(run.stderr, /npm install -g cahoots/);
      const now = without(filesOf(bench().home.home), /^\.cache\/cahoots\//);
      assert.deepEqual(without(now, OF_CLAUDE_CODE), without(before, OF_CLAUDE_CODE));
    });

    test('setup installs the plugin, and a second one changes nothing', async (t) => {
      const npx = packageIn(bench(), NPX);
      const first = await json(t, bench(), ['setup', '--yes'], npx);
      const { enabled, version, path } = first['plugin'] as Record<string, unknown>;
      assert.deepEqual([enabled, version], [true, packageVersion()]);
      assert.match(String(path), /\.local\/share\/cahoots\/plugins\/.*\/plugin$/);
      assert.equal((first['steps'] as unknown[]).length, 3);
      const second = await json(t, bench(), ['setup', '--yes'], npx);
      assert.deepEqual(second['steps'], []);
      // What npx had downloaded goes when npm likes; from here on the plugin stands alone.
      rmSync(npx, { recursive: true });
    });

    test('a session that starts has the plugin, and its attendant answers doctor without a token', async (t) => {
      session = await bench().session('app', { pluginDirs: [], wait: false });
      await session.claude.waitUntilReady({ timeoutMs: PATIENCE_MS });
      await waitFor(() => session.seat().transcript, { what: 'the seat of app', timeoutMs: PATIENCE_MS });
      const requests = session.model.turns.length;
      const { checks, ok } = (await json(t, bench(), ['doctor'])) as unknown as {
        checks: Check[];
        ok: boolean;
      };
      const check = (id: string): Check | undefined => checks.find((each) => each.id === id);
      const { sessionId, projectPath } = session.seat();
      const answer = check(`session:${sessionId}`);
      assert.equal(answer?.state, 'ok', JSON.stringify(checks));
      const path = binary.version === '2.1.197' ? 'file-changed' : 'inbox-socket';
      assert.match(answer.what, new RegExp(`^app \\(${sessionId}, ${projectPath}\\) answered in \\d+ ms`));
      assert.match(answer.what, new RegExp(`mail comes by ${path}, permission mode \\w+, attention open$`));
      assert.equal(check('plugin')?.state, 'ok');
      assert.equal(check('claude')?.what, `Claude Code ${binary.version} at ${binary.path}`);
      assert.equal(ok, true);
      assert.equal(session.model.turns.length, requests);
    });

    test('uninstall lists unread mail, and removes no mail under a session', async (t) => {
      const { sessionId } = session.seat();
      // A note wakes nobody.
      assert.equal((await cahoots(t, bench(), ['send', sessionId, 'for later'])).code, 0);
      const refused = await cahoots(t, bench(), ['uninstall', '--mail', '--yes']);
      assert.equal(refused.code, 1);
      assert.match(refused.stderr, /their mail cannot be removed under them/);
      const { stdout } = await cahoots(t, bench(), ['uninstall', '--dry-run']);
      assert.match(stdout, new RegExp(`1 unread message:\n  app \\(${sessionId}, .*\\): 1 from`));
      assert.match(stdout, /The mailboxes stay in/);
      await session.claude.stop();
    });

    test('uninstall leaves the home as it was but for files of Claude Code, and v1 untouched [M6]', async (t) => {
      const run = await json(t, bench(), ['uninstall', '--mail', '--yes']);
      assert.deepEqual(run['failed'], []);
      assert.equal((run['removed'] as string[]).length >= 5, true);
      const now = filesOf(bench().home.home);
      // v1's files among them, byte for byte and with their modes.
      assert.deepEqual(without(now, OF_CLAUDE_CODE), without(before, OF_CLAUDE_CODE));
      assert.deepEqual(readdirSync(bench().root), ['sessions']);
      const env = bench().home.env(bench().api.session('shell').env);
      const words = [binary.path, 'plugin', 'list', '--json'];
      const list = await startCommand(t, words, { env, cwd: bench().home.home }).ended;
      const left = JSON.parse(list.stdout) as { id: string }[];
      assert.deepEqual(
        left.filter(({ id }) => id.includes('cahoots')),
        [],
      );
      const again = await json(t, bench(), ['uninstall', '--mail', '--yes']);
      assert.deepEqual(again['removed'], []);
    });

    test('nothing of it left loopback', () => {
      assert.deepEqual(bench().api.refusedHosts, []);
    });
  });
}

const INSTALLED = 'lib';
const NPX = join('_npx', '0123');

/** Files that Claude Code writes for itself, whatever is done with it. */
const OF_CLAUDE_CODE = /^\.claude\.json|^\.claude\/(?!session-bridge\/)|^\.cache\/claude-cli-nodejs\//;

/** Runs the command line of a package as a person in a shell does. */
async function cahoots(
  t: TestContext,
  bench: SessionBench,
  words: readonly string[],
  packageRoot = packageIn(bench, INSTALLED),
): Promise<ProgramRun> {
  const { home, api, binary } = bench;
  const env = home.env({ ...api.session('shell').env, CAHOOTS_CLAUDE: binary.path });
  const command = [process.execPath, join(packageRoot, 'dist', 'cli', 'main.js'), ...words];
  return await startCommand(t, command, { env, cwd: home.project('shell') }).ended;
}

/** Runs it with `--json`; fails unless it ends well. */
async function json(
  t: TestContext,
  bench: SessionBench,
  words: readonly string[],
  packageRoot?: string,
): Promise<Record<string, unknown>> {
  const { code, stdout, stderr } = await cahoots(t, bench, [...words, '--json'], packageRoot);
  assert.equal(code, 0, `${stdout}${stderr}`);
  return JSON.parse(stdout) as Record<string, unknown>;
}

/** The built package in a folder of its own: this test takes a while, and a build meanwhile must not change it. */
function packageIn({ home }: SessionBench, name: string): string {
  const folder = join(home.root, name, 'node_modules', 'cahoots');
  if (existsSync(folder)) return folder;
  for (const part of ['dist', 'plugin', '.claude-plugin', 'package.json']) {
    cpSync(join(PROJECT, part), join(folder, part), { recursive: true });
  }
  return folder;
}

function packageVersion(): string {
  return (JSON.parse(readFileSync(join(PROJECT, 'package.json'), 'utf8')) as { version: string }).version;
}

function makeV1Session(root: string): void {
  const folder = join(root, 'sessions', 'v1aaaa');
  for (const box of ['inbox', 'outbox']) mkdirSync(join(folder, box), { recursive: true });
  const seen = new Date(Date.now() - 60_000).toISOString();
  const manifest = { sessionId: 'v1aaaa', projectName: 'old', projectPath: '/old', lastHeartbeat: seen };
  writeFileSync(join(folder, 'manifest.json'), JSON.stringify(manifest), { mode: 0o644 });
  writeFileSync(join(folder, 'inbox', 'msg-v1v1v1v1v1v1.json'), '{"status":"pending"}', { mode: 0o644 });
}

/** Every file below a folder: its mode and content. */
function filesOf(folder: string): Record<string, string> {
  const entries = unlessGone(() => readdirSync(folder, { recursive: true, withFileTypes: true }), []);
  const files = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
  return Object.fromEntries(
    files.map((path) => [
      path.slice(folder.length + 1),
      `${(statSync(path).mode & 0o777).toString(8)} ${readFileSync(path, 'latin1')}`,
    ]),
  );
}

function without(files: Record<string, string>, pattern: RegExp): Record<string, string> {
  return Object.fromEntries(Object.entries(files).filter(([path]) => !pattern.test(path)));
}
