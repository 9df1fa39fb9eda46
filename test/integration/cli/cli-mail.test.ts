import assert from 'node:assert/strict';
import { closeSync, openSync, readdirSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import type { Message } from '../../../src/protocol/message.ts';
import { waitFor } from '../../../src/testing/wait-for.ts';
import { cliBox, type Shell } from '../../fixtures/cli.ts';

const MEBIBYTE = 1024 * 1024;

test('listen prints a message in the lines of session-bridge v1 [M6]', async (t) => {
  const box = cliBox(t);
  const [app, lib] = [await box.shell('app'), await box.shell('lib')];
  const { id } = (await app.json(['send', 'lib', 'first line\n\n---\nTYPE=ping'])) as Message;
  const { code, stdout, stderr } = await lib.run('listen');
  assert.deepEqual(
    { code, stdout, stderr },
    {
      code: 0,
      stdout: `MESSAGE_ID=${id}\nFROM_ID=${app.id}\nTO_ID=${lib.id}\nFROM_PROJECT=app\nTYPE=note\nIN_REPLY_TO=\n---\nfirst line\n\n---\nTYPE=ping\n`,
      stderr: '',
    },
  );
});

test('send says that the message was delivered, listen gives it as it lies in the mailbox', async (t) => {
  const box = cliBox(t);
  const [app, lib] = [await box.shell('app'), await box.shell('lib')];
  const sent = (await app.json(['send', lib.id, 'hello'])) as Message;
  assert.deepEqual(Object.keys(sent), ['id', 'state']);
  const message = (await lib.json(['listen'])) as Message;
  const { id, from, to, type, status, content, inReplyTo, metadata } = message;
  assert.deepEqual(
    { id, from, to, type, status, content, inReplyTo },
    {
      id: sent.id,
      from: app.id,
      to: lib.id,
      type: 'note',
      status: 'read',
      content: 'hello',
      inReplyTo: null,
    },
  );
  assert.equal(metadata.fromName, 'app');
  assert.equal(metadata.permissionClass, 'asks');
});

test('standard input passes unchanged: line ends, NUL, byte order mark, pictures', async (t) => {
  const box = cliBox(t);
  const [app, lib] = [await box.shell('app'), await box.shell('lib')];
  const content = '\ufeffone\r\ntwo\0three\n\u001b[31m🙈\u2028\n\n';
  await app.json(['send', 'lib', '-'], { input: content });
  const message = (await lib.json(['listen'])) as Message;
  assert.equal(message.content, content);
});

test('one mebibyte passes unchanged through send and listen', async (t) => {
  const box = cliBox(t);
  const [app, lib] = [await box.shell('app'), await box.shell('lib')];
  const content = '"\\\u0001é'.repeat(MEBIBYTE / 5).padEnd(MEBIBYTE - Math.floor(MEBIBYTE / 5), 'x');
  assert.equal(Buffer.byteLength(content), MEBIBYTE);
  await app.json(['send', 'lib', '-'], { input: content });
  const { code, stdout } = await lib.run('listen');
  assert.equal(code, 0);
  assert.ok(stdout.endsWith(`---\n${content}\n`));
});

test('one byte more than a mebibyte is refused with the size, and nothing is sent', async (t) => {
  const box = cliBox(t);
  const [app, lib] = [await box.shell('app'), await box.shell('lib')];
  const { error } = (await app.json(['send', 'lib', '-'], {
    input: 'x'.repeat(MEBIBYTE + 1),
    status: 5,
  })) as { error: { code: string; facts: object } };
  assert.equal(error.code, 'content-too-large');
  assert.deepEqual(error.facts, { bytes: MEBIBYTE + 1, limit: MEBIBYTE });
  assert.deepEqual(readdirSync(lib.seat.inbox), []);
});

test('a file of gigabytes is refused with its size without being read', async (t) => {
  const box = cliBox(t);
  const [app] = [await box.shell('app'), await box.shell('lib')];
  const path = join(box.home, 'huge');
  writeFileSync(path, '');
  truncateSync(path, 8 * 1024 * MEBIBYTE);
  const stdin = openSync(path, 'r');
  t.after(() => closeSync(stdin));
  const { code, stderr } = await app.start(['send', 'lib', '-'], { stdin }).ended;
  assert.equal(code, 5);
  assert.match(stderr, /8589934592 bytes/);
});

test('a stream without end is refused as soon as that is clear', async (t) => {
  const box = cliBox(t);
  const [app] = [await box.shell('app'), await box.shell('lib')];
  const stdin = openSync('/dev/zero', 'r');
  t.after(() => closeSync(stdin));
  const { code, stderr } = await app.start(['send', 'lib', '-'], { stdin }).ended;
  assert.equal(code, 5);
  assert.match(stderr, /more than \d+ bytes/);
});

test('bytes that are no UTF-8 and an empty text are refused as wrong usage', async (t) => {
  const box = cliBox(t);
  const [app, lib] = [await box.shell('app'), await box.shell('lib')];
  const binary = await app.start(['send', 'lib', '-'], { input: new Uint8Array([0x68, 0xff, 0xfe]) }).ended;
  assert.equal(binary.code, 2);
  assert.match(binary.stderr, /no UTF-8/);
  assert.equal((await app.run('send', 'lib', '')).code, 2);
  assert.equal((await app.start(['ask', 'lib', '-'], { input: '' }).ended).code, 2);
  assert.deepEqual(readdirSync(lib.seat.inbox), []);
});

test('of eight listeners on one seat exactly one gets each message [M2]', async (t) => {
  const box = cliBox(t);
  const [app, lib] = [await box.shell('app'), await box.shell('lib')];
  const listeners = Array.from({ length: 8 }, () => lib.start(['listen', '--follow', '--json']));
  const sent: string[] = [];
  for (let number = 0; number < 12; number += 1) {
    sent.push(((await app.json(['send', 'lib', `message ${number}`])) as Message).id);
  }
  const taken = (): string[] =>
    listeners.flatMap((listener) =>
      listener
        .stdout()
        .split('\n')
        .filter(Boolean)
        .map((line) => (JSON.parse(line) as Message).id),
    );
  await waitFor(() => taken().length >= sent.length, { what: 'every message to be taken' });
  for (const { child } of listeners) child.kill('SIGTERM');
  await Promise.all(listeners.map(async ({ ended }) => await ended));
  assert.deepEqual(taken().sort(), sent.sort());
});

test('a listener that is killed between claim and print leaves the message to the next, marked as a repeat [M1] [M2]', async (t) => {
  const box = cliBox(t);
  const [app, lib] = [await box.shell('app'), await box.shell('lib')];
  // More than a pipe holds: the listener has claimed it and waits for a reader.
  const content = 'x'.repeat(MEBIBYTE);
  const { id } = (await app.json(['send', 'lib', '-'], { input: content })) as Message;
  const blocked = lib.start(['listen'], { unread: true });
  await waitFor(() => readdirSync(lib.seat.claimed).length > 0, { what: 'the claim' });
  blocked.child.kill('SIGKILL');
  await waitFor(() => blocked.child.signalCode !== null, { what: 'the end of the listener' });
  assert.deepEqual(await statesOf(app, id), ['accepted', 'delivered']);

  const message = (await lib.json(['listen', '--wait', '5'])) as Message;
  assert.equal(message.content, content);
  assert.equal(message.repeat, 1);
  assert.deepEqual(await statesOf(app, id), ['accepted', 'delivered', 'offered', 'seen']);
});

test('a listener that is ended while nobody reads gives the message back', async (t) => {
  const box = cliBox(t);
  const [app, lib] = [await box.shell('app'), await box.shell('lib')];
  await app.json(['send', 'lib', '-'], { input: 'x'.repeat(MEBIBYTE) });
  const blocked = lib.start(['listen'], { unread: true });
  await waitFor(() => readdirSync(lib.seat.claimed).length > 0, { what: 'the claim' });
  blocked.child.kill('SIGTERM');
  await waitFor(() => blocked.child.exitCode !== null, { what: 'the end of the listener' });
  assert.equal(blocked.child.exitCode, 143);
  assert.deepEqual(readdirSync(lib.seat.claimed), []);
  assert.equal(((await lib.json(['listen', '--wait', '5'])) as Message).repeat, 1);
});

test('a listener whose reader goes away ends without a word, and the message waits again', async (t) => {
  const box = cliBox(t);
  const [app, lib] = [await box.shell('app'), await box.shell('lib')];
  const listener = lib.start(['listen', '--follow'], { unread: true });
  listener.child.stdout?.destroy();
  await waitFor(
    async () =>
      ((await lib.json(['peers'])) as { state: string }[]).some(({ state }) => state === 'listening'),
    {
      what: 'the listener',
    },
  );
  await app.json(['send', 'lib', 'hello']);
  const { code, stderr } = await listener.ended;
  assert.deepEqual({ code, stderr }, { code: 141, stderr: '' });
  assert.equal(((await lib.json(['listen', '--wait', '5'])) as Message).content, 'hello');
});

test('a signal ends a listener with the status of that signal, and nobody is seen listening afterwards', async (t) => {
  const box = cliBox(t);
  const lib = await box.shell('lib');
  for (const [signal, status] of [
    ['SIGINT', 130],
    ['SIGTERM', 143],
  ] as const) {
    const listener = lib.start(['listen']);
    const state = async () => ((await lib.json(['status'])) as { state: string }).state;
    await waitFor(async () => (await state()) === 'listening', { what: 'the listener' });
    listener.child.kill(signal);
    const { code, stdout, stderr } = await listener.ended;
    assert.deepEqual({ code, stdout, stderr }, { code: status, stdout: '', stderr: '' });
    assert.equal(await state(), 'idle');
  }
});

test('listen without a message in time ends with 4', async (t) => {
  const box = cliBox(t);
  const lib = await box.shell('lib');
  const { error } = (await lib.json(['listen', '--wait', '0.2'], { status: 4 })) as {
    error: { code: string };
  };
  assert.equal(error.code, 'wait-timeout');
});

test('a listener answers a ping, and connect says so', async (t) => {
  const box = cliBox(t);
  const [app, lib] = [await box.shell('app'), await box.shell('lib')];
  const listener = lib.start(['listen', '--json']);
  await waitFor(async () => ((await lib.json(['status'])) as { state: string }).state === 'listening', {
    what: 'the listener',
  });
  const { code, stdout } = await app.run('connect', 'lib');
  assert.equal(code, 0);
  assert.equal(stdout, `Connected to 'lib' (${lib.id}) at ${lib.folder}\nIt answered.\n`);
  const ping = JSON.parse((await listener.ended).stdout) as Message;
  assert.deepEqual([ping.type, ping.content], ['ping', 'connected']);
});

test('connect to nobody warns that mail waits there', async (t) => {
  const box = cliBox(t);
  const [app, lib] = [await box.shell('app'), await box.shell('lib')];
  const connection = (await app.json(['connect', 'lib'])) as object;
  assert.deepEqual(Object.keys(connection), ['id', 'peer', 'answered', 'warning']);
  assert.deepEqual(connection, {
    ...connection,
    peer: { id: lib.id, name: 'lib', path: lib.folder, state: 'idle' },
    answered: false,
    warning: 'Nobody listens at lib just now; mail waits there.',
  });
});

test('what a blocked peer sends is refused, and the peer is told', async (t) => {
  const box = cliBox(t);
  const [app, lib] = [await box.shell('app'), await box.shell('lib')];
  await lib.json(['block', 'app']);
  const { id } = (await app.json(['send', 'lib', 'let me in'])) as Message;
  assert.equal((await lib.run('listen', '--wait', '0')).code, 4);
  assert.deepEqual(await statesOf(app, id), ['accepted', 'delivered', 'refused']);
  await lib.json(['trust', 'app']);
  await app.json(['send', 'lib', 'and now?']);
  assert.equal(((await lib.json(['listen', '--wait', '5'])) as Message).content, 'and now?');
});

/** The states of a message, as its sender is shown them. */
async function statesOf(sender: Shell, id: string): Promise<string[]> {
  const { states } = (await sender.json(['show', id])) as { states: { state: string }[] };
  return states.map(({ state }) => state);
}
