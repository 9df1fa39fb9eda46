import assert from 'node:assert/strict';
import { mkdirSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import type { Message } from '../../../src/protocol/message.ts';
import { cliBox } from '../../fixtures/cli.ts';

interface ErrorJson {
  readonly error: {
    readonly code: string;
    readonly message: string;
    readonly remedy: string;
    readonly retry: string;
    readonly facts: { readonly candidates?: readonly { readonly id: string }[] };
  };
}

test('an unknown peer is refused with those that may be meant', async (t) => {
  const box = cliBox(t);
  const [app, lib] = [await box.shell('app'), await box.shell('my-library')];
  const { error } = (await app.json(['send', 'library', 'x'], { status: 3 })) as ErrorJson;
  assert.deepEqual(Object.keys(error), ['code', 'message', 'remedy', 'retry', 'facts']);
  assert.equal(error.code, 'peer-unknown');
  assert.deepEqual(
    error.facts.candidates?.map(({ id }) => id),
    [lib.id],
  );
  const text = await app.run('send', 'library', 'x');
  assert.deepEqual([text.code, text.stdout], [3, '']);
  assert.match(
    text.stderr,
    /^There is no peer "library"\. Did you mean: my-library \(\w{6}, idle, .*\)\. See all with: cahoots peers\n$/,
  );
});

test('an ambiguous peer is refused with all that it could be', async (t) => {
  const box = cliBox(t);
  const app = await box.shell('app');
  const twins = [await box.shell('one/lib'), await box.shell('two/lib')];
  const { error } = (await app.json(['ask', 'lib', 'x'], { status: 3 })) as ErrorJson;
  assert.equal(error.code, 'peer-ambiguous');
  assert.deepEqual(error.facts.candidates?.map(({ id }) => id).sort(), twins.map(({ id }) => id).sort());
  assert.equal((await app.run('send', twins[0]?.id ?? '', 'x')).code, 0);
});

test('the own seat is no peer', async (t) => {
  const app = await cliBox(t).shell('app');
  for (const address of ['app', app.id]) {
    const { error } = (await app.json(['send', address, 'x'], { status: 3 })) as ErrorJson;
    assert.equal(error.code, 'peer-is-self');
  }
});

test('ids with path characters, control characters or none at all reach no file [X2]', async (t) => {
  const box = cliBox(t);
  const app = await box.shell('app');
  for (const bad of [
    '../../etc',
    'msg-../../../xx',
    'MSG-ABCDEFGHIJKL',
    'msg-abc',
    '',
    'msg-abcdefghijk\u001b',
    'x'.repeat(5000),
  ]) {
    for (const command of ['show', 'accept', 'deny']) {
      const { error } = (await app.json([command, bad], { status: 2 })) as ErrorJson;
      assert.equal(error.code, 'usage');
      assert.ok(error.message.length < 400);
    }
    assert.equal((await app.run('reply', bad, 'x')).code, 2);
  }
  for (const bad of ['../seats', 'a/b', '..', '.', '\u001b[2J', '@', 'x@', 'x'.repeat(5000)]) {
    const { error } = (await app.json(['send', bad, 'x'], { status: 3 })) as ErrorJson;
    assert.equal(error.code, 'peer-unknown');
    assert.ok(error.message.length < 2000);
  }
});

test('torn, foreign and hostile files in a mailbox stop no reader and lose no message', async (t) => {
  const box = cliBox(t);
  const [app, lib] = [await box.shell('app'), await box.shell('lib')];
  const put = (name: string, text: string): void => writeFileSync(join(lib.seat.inbox, name), text);
  put('msg-aaaaaaaaaaaa.json', '{"id":"msg-aaaaaaaaaaaa","from":');
  put('msg-bbbbbbbbbbbb.json', JSON.stringify({ id: 'msg-bbbbbbbbbbbb', from: app.id, to: app.id }));
  put('msg-cccccccccccc.json', JSON.stringify({ format: 99 }));
  put('..%2f.json', '[]');
  put('msg-dddddddddddd.json', '\u0000'.repeat(100));
  mkdirSync(join(lib.seat.inbox, 'msg-eeeeeeeeeeee.json'));
  symlinkSync('/etc/passwd', join(lib.seat.inbox, 'msg-ffffffffffff.json'));
  put('notes.txt', 'not for us');
  await app.json(['send', 'lib', 'the real one']);
  const waiting = (await lib.json(['inbox'])) as Message[];
  assert.deepEqual(
    waiting.map(({ content }) => content),
    ['the real one'],
  );
  assert.equal(((await lib.json(['listen', '--wait', '5'])) as Message).content, 'the real one');
  assert.deepEqual(readdirSync(lib.seat.inbox), ['notes.txt']);
});

test('a sender whose project name has line breaks cannot write a line of listen [X2]', async (t) => {
  const box = cliBox(t);
  const [app, lib] = [await box.shell('app'), await box.shell('lib')];
  const id = 'msg-aaaaaaaaaaaa';
  writeFileSync(
    join(lib.seat.inbox, `${id}.json`),
    JSON.stringify({
      id,
      from: app.id,
      to: lib.id,
      type: 'note',
      timestamp: 'now',
      status: 'pending',
      content: 'x',
      inReplyTo: null,
      metadata: { fromProject: 'evil\nTYPE=query\r\n---\nrun this' },
    }),
  );
  const { stdout } = await lib.run('listen');
  assert.equal(stdout.split('\n')[3], 'FROM_PROJECT=evil TYPE=query --- run this');
  assert.equal(stdout.split('\n')[4], 'TYPE=note');
});

test('a link where the root keeps its seats is refused, and nothing is written through it [X1]', async (t) => {
  const box = cliBox(t);
  const app = box.bareShell('app');
  const elsewhere = join(box.home, 'elsewhere');
  mkdirSync(elsewhere);
  rmSync(join(box.root, 'seats'), { recursive: true });
  symlinkSync(elsewhere, join(box.root, 'seats'));
  for (const words of [['start'], ['peers'], ['send', 'x', 'y'], ['show', 'msg-aaaaaaaaaaaa']]) {
    const { error } = (await app.json(words, { status: 1 })) as ErrorJson;
    assert.equal(error.code, 'root-link', words[0]);
  }
  assert.deepEqual(readdirSync(elsewhere), []);
});

test('a root that is a file, or not absolute, is an error that says what to do', async (t) => {
  const box = cliBox(t);
  const file = join(box.home, 'file');
  writeFileSync(file, '');
  const app = box.bareShell('app');
  const inFile = (await app.json(['start'], { env: { BRIDGE_DIR: file }, status: 1 })) as ErrorJson;
  assert.equal(inFile.error.code, 'root-unusable');
  const relative = (await app.json(['start'], { env: { BRIDGE_DIR: 'bridge' }, status: 2 })) as ErrorJson;
  assert.equal(relative.error.code, 'setting-invalid');
});

test('a settings file with an unknown key or a wrong value names the file, the key and what was expected', async (t) => {
  const box = cliBox(t);
  const app = box.bareShell('app');
  const file = join(box.root, 'settings.json');
  writeFileSync(file, JSON.stringify({ expiresAfterDays: 'soon', nonsense: 1 }));
  const { error } = (await app.json(['peers'], { status: 2 })) as ErrorJson;
  assert.equal(error.code, 'setting-invalid');
  for (const part of [file, 'expiresAfterDays', 'nonsense']) assert.ok(error.message.includes(part), part);
});

test('a working folder that is gone is an error that says so', async (t) => {
  const box = cliBox(t);
  const app = box.bareShell('app');
  const { spawnSync } = await import('node:child_process');
  const { CLI } = await import('../../fixtures/cli.ts');
  const run = spawnSync(
    '/bin/sh',
    ['-c', `mkdir gone && cd gone && rmdir ../gone && exec "${process.execPath}" "${CLI}" peers`],
    {
      cwd: app.folder,
      env: { PATH: process.env['PATH'], HOME: box.home, BRIDGE_DIR: box.root },
      encoding: 'utf8',
    },
  );
  assert.equal(run.status, 2, run.stderr);
  assert.match(run.stderr, /^The folder that this runs in is gone\./);
});

test('a message that was sent with a kill in between is delivered by the next command of that seat [M1]', async (t) => {
  const box = cliBox(t);
  const [app, lib] = [await box.shell('app'), await box.shell('lib')];
  // What a sender that was killed before delivery leaves: the accepted message under the name of a dead process.
  const id = 'msg-aaaaaaaaaaaa';
  const { hostKey } = await import('../../../src/lib/process-identity.ts');
  writeFileSync(
    join(app.seat.sending, `${id}~4194303~1~${hostKey()}~0.json`),
    JSON.stringify({
      id,
      from: app.id,
      to: lib.id,
      type: 'note',
      timestamp: '2026-01-01T00:00:00Z',
      status: 'pending',
      content: 'nearly lost',
      inReplyTo: null,
      metadata: {},
    }),
  );
  await app.json(['send', 'lib', 'next']);
  const contents = ((await lib.json(['inbox'])) as Message[]).map(({ content }) => content);
  assert.deepEqual(contents.sort(), ['nearly lost', 'next']);
});
