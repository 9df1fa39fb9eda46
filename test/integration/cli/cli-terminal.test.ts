import assert from 'node:assert/strict';
import { appendFileSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { type TestContext, test } from 'node:test';
import type { Message } from '../../../src/protocol/message.ts';
import { startTerminal, type Terminal } from '../../../src/testing/terminal.ts';
import { waitFor } from '../../../src/testing/wait-for.ts';
import { CLI, type CliBox, cliBox, type Shell } from '../../fixtures/cli.ts';

/** Text that would clear the screen, set the title, go up, hide itself and turn its direction. */
const HOSTILE = 'before\u001b[2J\u001b]0;owned\u0007\r\u001b[1Aover\u009b31m\u202eafter';
const HARMLESS = /before␛\[2J␛\]0;owned␇[␍ ]␛\[1Aover\\x9b31m\\u202eafter/;

test('what a peer wrote cannot act on a terminal, in whatever way it is shown [X2]', async (t) => {
  const box = cliBox(t);
  const [app, lib] = [await box.shell('app'), await box.shell('lib')];
  const { id } = (await app.json(['send', 'lib', '-'], { input: HOSTILE })) as Message;
  for (const words of [['inbox'], ['show', id], ['log'], ['listen']]) {
    const terminal = await run(t, { box, shell: lib, words });
    await terminal.waitForScreen(/after/);
    await terminal.exited;
    const raw = terminal.raw();
    // The journal keeps no control characters in the first place.
    if (words[0] !== 'log') assert.match(raw, HARMLESS);
    for (const control of ['\u001b[2J', '\u001b]', '\u0007', '\u001b[1A', '\u009b', '\u202e'])
      assert.equal(raw.includes(control), false, `${words[0]}: ${JSON.stringify(control)}`);
  }
});

test('nor can what somebody else wrote into the journal or into the receipts [X2]', async (t) => {
  const box = cliBox(t);
  const [app, lib] = [await box.shell('app'), await box.shell('lib')];
  const { id } = (await app.json(['send', 'lib', 'hi'])) as Message;
  const receipt = { message: id, state: 'seen', at: HOSTILE, by: lib.id };
  writeFileSync(join(app.seat.receipts, `${id}.seen-abcdef.json`), JSON.stringify(receipt));
  const entry = { ...receipt, message: 'msg-aaaaaaaaaaaa', from: app.id, to: HOSTILE, type: HOSTILE };
  const day = readdirSync(join(box.root, 'log'))[0] ?? '';
  appendFileSync(join(box.root, 'log', day), `\n${JSON.stringify(entry)}`);
  const ask = { ...entry, message: 'msg-bbbbbbbbbbbb', type: 'query' };
  appendFileSync(join(box.root, 'log', day), `\n${JSON.stringify(ask)}`);
  for (const words of [['show', id], ['log'], ['status']]) {
    const terminal = await run(t, { box, shell: app, words });
    await terminal.waitForScreen(/before/);
    await terminal.exited;
    const raw = terminal.raw();
    for (const control of ['\u001b[2J', '\u001b]', '\u0007', '\u001b[1A', '\u009b', '\u202e'])
      assert.equal(raw.includes(control), false, `${words[0]}: ${JSON.stringify(control)}`);
  }
});

test('names and descriptions of peers cannot act on a terminal or break a table [X2]', async (t) => {
  const box = cliBox(t);
  const [app, lib] = [await box.shell('app'), await box.shell('lib')];
  const record = JSON.parse(readFileSync(lib.seat.record, 'utf8')) as object;
  writeFileSync(
    lib.seat.record,
    JSON.stringify({ ...record, name: 'l\u001b[31mib', about: 'one\ntwo\u001b[2J' }),
  );
  const terminal = await run(t, { box, shell: app, words: ['peers'] });
  const screen = await terminal.waitForScreen(/one two/);
  await terminal.exited;
  assert.equal(screen.trimEnd().split('\n').length, 3, screen);
  assert.equal(terminal.raw().includes('\u001b[2J'), false);
  assert.equal(terminal.raw().includes('\u001b[31m'), false);
  const status = await app.run('status', lib.id);
  assert.equal(status.stdout.includes('\u001b'), false);
});

test('in a pipe the content is exact', async (t) => {
  const box = cliBox(t);
  const [app, lib] = [await box.shell('app'), await box.shell('lib')];
  await app.json(['send', 'lib', '-'], { input: HOSTILE });
  assert.ok((await lib.run('listen')).stdout.endsWith(`\n${HOSTILE}\n`));
});

test('titles are bold on a terminal, and plain with NO_COLOR or in a pipe', async (t) => {
  const box = cliBox(t);
  const app = await box.shell('app');
  const bold = await run(t, { box, shell: app, words: ['peers'] });
  await bold.waitForScreen(/app/);
  await bold.exited;
  assert.ok(bold.raw().includes('\u001b[1m'));
  const plain = await run(t, { box, shell: app, words: ['peers'], env: { NO_COLOR: '1' } });
  await plain.waitForScreen(/app/);
  await plain.exited;
  assert.equal(plain.raw().includes('\u001b['), false);
  assert.equal(
    (await app.start(['peers'], { env: { FORCE_COLOR: '1' } }).ended).stdout.includes('\u001b'),
    false,
  );
});

test('an ask on a terminal shows that it waits, for whom and what is known, and leaves no trace of that', async (t) => {
  const box = cliBox(t);
  const [app, lib] = [await box.shell('app'), await box.shell('lib')];
  const terminal = await run(t, { box, shell: app, words: ['ask', 'lib', 'ready?'] });
  await terminal.waitForScreen(/Waiting for lib \(\w{6}\): delivered, \d+ s/);
  const query = (await lib.json(['listen', '--wait', '5'])) as Message;
  await terminal.waitForScreen(/Waiting for lib \(\w{6}\): seen, \d+ s/);
  await lib.json(['reply', query.id, 'yes']);
  assert.equal((await terminal.exited).code, 0);
  assert.equal((await terminal.waitForScreen(/\nyes/)).trim(), 'Response from lib:\nyes');
});

test('a listener on a terminal shows that it listens, and leaves no trace of that', async (t) => {
  const box = cliBox(t);
  const [app, lib] = [await box.shell('app'), await box.shell('lib')];
  const terminal = await run(t, { box, shell: lib, words: ['listen'] });
  await terminal.waitForScreen(/Listening at lib \(\w{6}\)/);
  await app.json(['send', 'lib', 'hello']);
  const screen = await terminal.waitForScreen(/---\nhello/);
  await terminal.exited;
  assert.match(screen, /^MESSAGE_ID=/);
});

test('Ctrl-C on a terminal ends a wait', async (t) => {
  const box = cliBox(t);
  const [app, lib] = [await box.shell('app'), await box.shell('lib')];
  const terminal = await run(t, { box, shell: app, words: ['ask', 'lib', 'ready?'] });
  await terminal.waitForScreen(/Waiting for lib/);
  terminal.type('\u0003');
  assert.equal((await terminal.exited).code, 130);
  await terminal.waitForScreen(/Given up\. The answer will wait in the mailbox/);
  assert.equal(readdirSync(lib.seat.inbox).length, 1);
});

test('a text is typed when - reads from a terminal', async (t) => {
  const box = cliBox(t);
  const [app, lib] = [await box.shell('app'), await box.shell('lib')];
  const terminal = await run(t, { box, shell: app, words: ['send', 'lib', '-'] });
  await terminal.waitForScreen(/end it with Ctrl-D/);
  terminal.type('typed by hand\r');
  terminal.type('\u0004');
  await terminal.exited;
  assert.equal(((await lib.json(['listen', '--wait', '5'])) as Message).content, 'typed by hand\n');
});

test('a terminal that is closed ends a listener, and the message waits for the next', async (t) => {
  const box = cliBox(t);
  const [app, lib] = [await box.shell('app'), await box.shell('lib')];
  const terminal = await run(t, { box, shell: lib, words: ['listen'] });
  const state = async () => ((await lib.json(['status'])) as { state: string }).state;
  await waitFor(async () => (await state()) === 'listening', { what: 'the listener' });
  terminal.hangUp();
  await terminal.exited;
  await app.json(['send', 'lib', 'hello']);
  assert.equal(((await lib.json(['listen', '--wait', '5'])) as Message).content, 'hello');
});

interface TerminalRun {
  readonly box: CliBox;
  readonly shell: Shell;
  readonly words: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
}

async function run(t: TestContext, { box, shell, words, env = {} }: TerminalRun): Promise<Terminal> {
  const terminal = await startTerminal({
    file: process.execPath,
    args: [CLI, ...words],
    cwd: shell.folder,
    env: {
      PATH: process.env['PATH'] ?? '/usr/bin:/bin',
      HOME: box.home,
      TERM: 'xterm-256color',
      BRIDGE_DIR: box.root,
      PROJECT_DIR: shell.folder,
      XDG_CACHE_HOME: resolve(join(import.meta.dirname, '../../../.cache')),
      ...env,
    },
  });
  t.after(() => terminal.hangUp());
  return terminal;
}
