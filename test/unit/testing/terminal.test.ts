import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { startTerminal, type Terminal } from '../../../src/testing/index.ts';

async function startNode(t: TestContext, program: string): Promise<Terminal> {
  const terminal = await startTerminal({
    file: process.execPath,
    args: ['-e', program],
    cwd: import.meta.dirname,
    env: { TERM: 'xterm-256color' },
    columns: 40,
    rows: 5,
  });
  t.after(async () => {
    terminal.hangUp();
    await terminal.exited;
  });
  return terminal;
}

test('a program in a terminal shows its screen and gets keys', async (t) => {
  const program = `process.stdin.setRawMode(true); console.log('ready');
    process.stdin.on('data', (key) => { console.log('\\x1b[2Jkey ' + key.toString('hex')); });`;
  const terminal = await startNode(t, program);
  await terminal.waitForScreen(/ready/);
  terminal.press('shift-tab');
  await terminal.waitForScreen(/key 1b5b5a/);
  assert.doesNotMatch(terminal.screen(), /ready/);
});

test('the terminal answers what a program asks it', async (t) => {
  const program = `process.stdin.setRawMode(true); process.stdout.write('\\x1b[6n');
    process.stdin.once('data', (answer) => console.log('cursor ' + JSON.stringify(String(answer))));`;
  const terminal = await startNode(t, program);
  await terminal.waitForScreen(/cursor "\\u001b\[1;1R"/);
});

test('a wait for a screen that cannot come any more shows the last one, and how the program ended is known', async (t) => {
  const terminal = await startNode(t, `console.log('bye'); process.exitCode = 3;`);
  await assert.rejects(
    terminal.waitForScreen(/hello/, { timeoutMs: 60_000 }),
    /a screen with \/hello\/: the process has exited[\s\S]*bye/,
  );
  assert.deepEqual(await terminal.exited, { code: 3, signal: null });
});
