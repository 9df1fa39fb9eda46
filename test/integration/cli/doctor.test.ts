import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { suite, type TestContext, test } from 'node:test';
import type { Check } from '../../../src/installer/checks/check.ts';
import { copiesFolder } from '../../../src/installer/setup/plugin-copy.ts';
import { claudeBinary, startTerminal, type Terminal } from '../../../src/testing/index.ts';
import { CLI } from '../../fixtures/cli.ts';
import { type FakeClaude, fakeClaude } from '../../fixtures/fake-claude.ts';
import { startCommand } from '../../fixtures/run-program.ts';
import { startSessionBench } from '../../fixtures/session-bench.ts';

const PACKAGE = resolve(import.meta.dirname, '../../../package.json');

interface Answer {
  readonly checks: readonly Check[];
  readonly ok: boolean;
  readonly fixed: readonly string[];
}

/** Runs `cahoots doctor --json` behind some words; returns what it found and its exit status. */
async function doctor(
  t: TestContext,
  words: readonly string[],
  { env, cwd, before = [] }: { env: Record<string, string>; cwd: string; before?: readonly string[] },
): Promise<Answer & { code: number | null; get: (id: string) => Check | undefined }> {
  const command = [...before, process.execPath, CLI, 'doctor', '--json', ...words];
  const run = await startCommand(t, command, { env, cwd }).ended;
  assert.match(run.stdout, /^\{"checks"/, run.stderr);
  const answer = JSON.parse(run.stdout) as Answer;
  return { ...answer, code: run.code, get: (id) => answer.checks.find((check) => check.id === id) };
}

function envOf({ home, path }: FakeClaude): Record<string, string> {
  return { HOME: home, PATH: '/usr/bin:/bin', CAHOOTS_CLAUDE: path, TERM: 'xterm-256color' };
}

/** Mounts a file system of 64 kB for the program that follows alone, and fills it. */
const ON_A_FULL_DISK = [
  'unshare',
  '-rm',
  'sh',
  '-c',
  'mkdir -m 700 "$BRIDGE_DIR" && mount -t tmpfs -o size=64k,mode=700 none "$BRIDGE_DIR" || exit 9; head -c 1M /dev/zero 2>/dev/null > "$BRIDGE_DIR/fill"; exec "$@"',
  'sh',
];
const canMount = spawnSync('unshare', ['-rm', 'true']).status === 0;

suite('doctor', () => {
  test('a full disk is told with what to do', { skip: !canMount && 'no name spaces here' }, async (t) => {
    const fake = fakeClaude(t);
    const env = { ...envOf(fake), BRIDGE_DIR: join(fake.home, 'full') };
    const found = await doctor(t, [], { env, cwd: fake.home, before: ON_A_FULL_DISK });
    assert.equal(found.code, 1);
    assert.equal(found.get('storage')?.state, 'fail');
    assert.match(found.get('storage')?.what ?? '', /Nothing can be written to .*the disk is full/);
    assert.equal(found.get('storage')?.remedy, 'Free some space and run it again; nothing was lost.');
    assert.equal(found.get('mail')?.state, 'ok');
  });

  test('settings that cannot be read stop neither doctor nor uninstall', async (t) => {
    const fake = fakeClaude(t);
    mkdirSync(fake.root, { recursive: true, mode: 0o700 });
    writeFileSync(join(fake.root, 'settings.json'), '{"keepDays":', { mode: 0o600 });
    const found = await doctor(t, [], { env: envOf(fake), cwd: fake.home });
    assert.equal(found.get('settings')?.state, 'fail');
    const words = [process.execPath, CLI, 'uninstall', '--mail', '--yes'];
    const run = await startCommand(t, words, { env: envOf(fake), cwd: fake.home }).ended;
    assert.equal(run.code, 0, run.stderr);
    assert.equal(existsSync(fake.root), false);
  });

  test('what a killed session leaves is found and tidied up, and its mail is kept', async (t) => {
    const bench = await startSessionBench(claudeBinary());
    t.after(() => bench.close());
    const session = await bench.session('app');
    const { sessionId } = session.seat();
    await session.claude.kill();
    await bench.home.waitUntilNothingRuns();
    const env = bench.home.env({ CAHOOTS_CLAUDE: bench.binary.path });
    const place = { env, cwd: bench.home.project('shell') };
    const send = [process.execPath, CLI, 'send', sessionId, 'for later'];
    assert.equal((await startCommand(t, send, place).ended).code, 0);
    const found = await doctor(t, ['--fix'], place);
    assert.match(found.get('sessions')?.what ?? '', /no session is here/);
    assert.equal(found.get('leftovers')?.state, 'ok');
    assert.ok(found.fixed.length > 0);
    assert.match(found.get('mail')?.what ?? '', /^1 message waits in 1 of 2 seats$/);
    assert.equal(existsSync(join(bench.root, 'sessions', sessionId)), false);
  });
});

suite('setup at a terminal', () => {
  /** Starts setup in a terminal and waits for its question. */
  async function atQuestion(t: TestContext, fake: FakeClaude): Promise<Terminal> {
    const args = [CLI, 'setup'];
    const terminal = await startTerminal({ file: process.execPath, args, env: envOf(fake), cwd: fake.home });
    t.after(() => terminal.hangUp());
    await terminal.waitForScreen(/Go ahead\? \[y\/N\]/);
    return terminal;
  }

  test('asks, and a bare enter or the end of the input is a no', async (t) => {
    const fake = fakeClaude(t);
    for (const answer of ['\r', '\u0004']) {
      const terminal = await atQuestion(t, fake);
      terminal.type(answer);
      await terminal.waitForScreen(/Nothing was changed\./);
      assert.equal((await terminal.exited).code, 1);
    }
    assert.deepEqual(fake.commands(), []);
    assert.equal(existsSync(copiesFolder(fake.home)), false);
  });

  test('does it after a yes', async (t) => {
    const fake = fakeClaude(t);
    const { version } = JSON.parse(readFileSync(PACKAGE, 'utf8')) as { version: string };
    fake.setPluginsAfterwards([{ id: 'cahoots@cahoots', version, scope: 'user', enabled: true }]);
    const terminal = await atQuestion(t, fake);
    terminal.type('y\r');
    await terminal.waitForScreen(/is installed\. Sessions have it from their next start/);
    assert.equal((await terminal.exited).code, 0);
    assert.equal(fake.commands().length, 2);
  });

  test('Ctrl-C at the question ends it without a word and without a change', async (t) => {
    const fake = fakeClaude(t);
    const terminal = await atQuestion(t, fake);
    terminal.press('ctrl-c');
    assert.equal((await terminal.exited).code, 130);
    assert.deepEqual(fake.commands(), []);
  });
});
