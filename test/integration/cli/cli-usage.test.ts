import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { test } from 'node:test';
import { COMMANDS } from '../../../src/cli/command-table.ts';
import { cliBox } from '../../fixtures/cli.ts';

test('--version prints the version of the package', async (t) => {
  const manifest = readFileSync(resolve(import.meta.dirname, '../../../package.json'), 'utf8');
  const { version } = JSON.parse(manifest) as { version: string };
  const { code, stdout } = await cliBox(t).bareShell('app').run('--version');
  assert.deepEqual([code, stdout], [0, `${version}\n`]);
});

test('without words and with --help it lists every command', async (t) => {
  const shell = cliBox(t).bareShell('app');
  const [bare, help] = [await shell.run(), await shell.run('--help')];
  assert.deepEqual([bare.code, help.code], [0, 0]);
  assert.equal(bare.stdout, help.stdout);
  for (const { name } of COMMANDS) assert.match(help.stdout, new RegExp(`^  ${name}\\b`, 'm'));
});

test('each command explains itself with an example, --json and --as', async (t) => {
  const shell = cliBox(t).bareShell('app');
  await Promise.all(
    COMMANDS.map(async ({ name, example }) => {
      const { code, stdout } = await shell.run(name, '--help');
      assert.equal(code, 0, name);
      assert.match(stdout, new RegExp(`^Usage: cahoots ${name}`));
      assert.match(stdout, /--json/);
      assert.match(stdout, /--as <seat>/);
      assert.ok(stdout.includes(example.split('\n')[0] ?? '-'), name);
    }),
  );
});

test('what cannot be understood ends with 2 and the nearest thing that can', async (t) => {
  const shell = cliBox(t).bareShell('app');
  for (const [words, pattern] of [
    [['sned', 'x', 'y'], /^Unknown command 'sned'\. Did you mean send\?/],
    [['xyzzy'], /^Unknown command 'xyzzy'\./],
    [['listen', '--folow'], /^Unknown option '--folow'\. Did you mean --follow\?/],
    [['send', 'x', 'hello', 'world'], /^Too many arguments for 'send'\. .*into quotes/],
    [['send', 'x'], /^Missing required argument 'text'\./],
    [['ask', 'x', 'y', '--wait'], /argument missing/],
    [['ask', 'x', 'y', '--wait', 'soon'], /^--wait is "soon", which is no number of seconds\./],
    [['listen', '--wait', '-1'], /argument missing|no number of seconds/],
    [['listen', '--wait', '1e99'], /no number of seconds/],
    [['log', '--limit', '0'], /^--limit is "0", which is no count\./],
    [['send', 'x', '-12 degrees'], /behind "--"/],
  ] as const) {
    const { code, stdout, stderr } = await shell.run(...words);
    assert.deepEqual([code, stdout], [2, ''], words.join(' '));
    assert.match(stderr, pattern);
  }
});

test('an error reaches a program as JSON on standard output, and nothing else is printed', async (t) => {
  const shell = cliBox(t).bareShell('app');
  const { code, stdout, stderr } = await shell.run('sned', '--json');
  assert.deepEqual([code, stderr], [2, '']);
  const { error } = JSON.parse(stdout) as { error: Record<string, unknown> };
  assert.deepEqual(Object.keys(error), ['code', 'message', 'remedy', 'retry', 'facts']);
  assert.equal(error['code'], 'usage');
});

test('a text behind -- may begin with a dash, and options may stand before the command', async (t) => {
  const box = cliBox(t);
  const [app, lib] = [await box.shell('app'), await box.shell('lib')];
  assert.equal((await app.run('send', 'lib', '--', '--json')).code, 0);
  assert.equal(((await lib.json(['listen'])) as { content: string }).content, '--json');
  assert.equal((await app.run('--as', 'lib', 'send', 'app', 'x')).code, 0);
});

test('a reader that goes away ends a listing without a word', async (t) => {
  const box = cliBox(t);
  const app = await box.shell('app');
  const run = app.start(['peers'], { unread: true });
  run.child.stdout?.destroy();
  const { code, stderr } = await run.ended;
  assert.deepEqual([code, stderr], [141, '']);
});
