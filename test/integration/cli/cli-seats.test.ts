import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { updateSeatRecord } from '../../../src/directory/seat-record.ts';
import { isoMillis } from '../../../src/lib/clock.ts';
import { recordState } from '../../../src/mailbox/receipts.ts';
import { seatFolder } from '../../../src/mailbox/seat-folder.ts';
import type { Message } from '../../../src/protocol/message.ts';
import { waitFor } from '../../../src/testing/wait-for.ts';
import { cliBox } from '../../fixtures/cli.ts';

interface PeerJson {
  readonly id: string;
  readonly name: string;
  readonly state: string;
  readonly you: boolean;
}

test('start makes a mailbox for the folder once and says where it is', async (t) => {
  const box = cliBox(t);
  const shell = box.bareShell('app');
  const started = (await shell.json(['start'])) as { id: string; name: string; mailbox: string };
  assert.deepEqual(started, { id: started.id, name: 'app', mailbox: join(box.root, 'seats', started.id) });
  assert.ok(existsSync(join(started.mailbox, 'inbox')));
  assert.deepEqual(await shell.json(['start']), started);
  assert.match((await shell.run('start')).stdout, /^app \(\w{6}\) is ready\. Its mailbox: .*seats\/\w{6}\n$/);
});

test('start --name names the seat, also an old one', async (t) => {
  const box = cliBox(t);
  const shell = box.bareShell('app');
  const first = (await shell.json(['start', '--name', 'release-bot'])) as PeerJson;
  assert.equal(first.name, 'release-bot');
  const second = (await shell.json(['start', '--name', 'other'])) as PeerJson;
  assert.deepEqual([second.id, second.name], [first.id, 'other']);
  for (const name of ['', '../x', 'a b', '-x', 'x'.repeat(65)]) {
    const { error } = (await shell.json([`start`, `--name=${name}`], { status: 2 })) as {
      error: { code: string };
    };
    assert.match(error.code, /name-invalid|usage/);
  }
});

test('eight shells that start at once in one folder get one seat', async (t) => {
  const box = cliBox(t);
  const shell = box.bareShell('app');
  const started = (await Promise.all(
    Array.from({ length: 8 }, async () => await shell.json(['start'])),
  )) as PeerJson[];
  assert.equal(new Set(started.map(({ id }) => id)).size, 1);
});

test('commands that need a mailbox make one and say so; the others say how to make one', async (t) => {
  const box = cliBox(t);
  const lib = await box.shell('lib');
  for (const words of [
    ['inbox'],
    ['status'],
    ['stop'],
    ['rename', 'x'],
    ['attention', 'quiet'],
    ['reply', 'msg-000000000000', 'x'],
  ]) {
    const { code, stderr } = await box.bareShell('app').run(...words);
    assert.equal(code, 1, words[0]);
    assert.match(stderr, /has no mailbox yet\. Make one with: cahoots start/);
  }
  const { code, stderr } = await box.bareShell('app').run('send', lib.id, 'hello');
  assert.equal(code, 0);
  assert.match(stderr, /^Made a mailbox for .*\/app: app \(\w{6}\)\.\n$/);
});

test('no mailbox is made for a message to somebody who is not there', async (t) => {
  const box = cliBox(t);
  const shell = box.bareShell('app');
  assert.equal((await shell.run('send', 'nobody', 'hello')).code, 3);
  assert.deepEqual(readdirSync(join(box.root, 'seats')), []);
});

test('a folder below the one of a seat speaks for that seat', async (t) => {
  const box = cliBox(t);
  const app = await box.shell('app');
  const below = box.bareShell('app/src/deep');
  assert.equal(((await below.json(['status'])) as PeerJson).id, app.id);
});

test('peers lists exactly these keys, those who are here first, and marks the own seat', async (t) => {
  const box = cliBox(t);
  assert.deepEqual(await box.bareShell('none').json(['peers']), []);
  const zoo = await box.shell('zoo');
  const gone = await box.shell('alpha');
  await gone.json(['stop']);
  const app = await box.shell('app');
  const listed = (await app.json(['peers'])) as PeerJson[];
  assert.deepEqual(listed[0], {
    id: app.id,
    name: 'app',
    kind: 'shell',
    state: 'idle',
    path: app.folder,
    machine: hostname(),
    about: '',
    you: true,
    packages: [],
    dependency: false,
  });
  assert.deepEqual(
    listed.map(({ name, state, you }) => [name, state, you]),
    [
      ['app', 'idle', true],
      ['zoo', 'idle', false],
      ['alpha', 'away', false],
    ],
  );
  assert.deepEqual(await app.json(['peers', '--managed']), []);
  const { stdout } = await zoo.run('peers');
  assert.match(stdout, /^ {3}NAME {3}ID {6}KIND {3}STATE {2}MACHINE/);
  assert.match(stdout, /\n\* {2}zoo /);
});

test('peers marks who owns something that the project of the caller uses', async (t) => {
  const box = cliBox(t);
  const [app, lib] = [await box.shell('app'), await box.shell('lib')];
  await updateSeatRecord(box.root, seatFolder(box.root, lib.id), {
    about: 'cutting v2',
    packages: ['npm:my-library', 'npm:other', 'npm:my-\u001b[2Jlibrary'],
  });
  writeFileSync(join(app.folder, 'package.json'), '{"dependencies":{"my-library":"1"}}');
  const [own, other] = (await app.json(['peers'])) as (PeerJson & {
    packages: string[];
    dependency: boolean;
  })[];
  assert.deepEqual([own?.dependency, other?.dependency], [false, true]);
  assert.deepEqual(other?.packages.slice(0, 2), ['npm:my-library', 'npm:other']);
  const { stdout } = await app.run('peers');
  assert.match(stdout, /cutting v2 · owns my-library, which this project uses\n/);
  const [, seenByLib] = (await lib.json(['peers'])) as { dependency: boolean }[];
  assert.equal(seenByLib?.dependency, false);
});

test('status tells of the own seat and of a peer', async (t) => {
  const box = cliBox(t);
  const [app, lib] = [await box.shell('app'), await box.shell('lib')];
  const { id: asked } = (await app.json(['ask', 'lib', 'well?', '--wait', '0'], { status: 4 })) as Message;
  const own = (await app.json(['status'])) as Record<string, unknown>;
  assert.deepEqual(own, {
    id: app.id,
    name: 'app',
    kind: 'shell',
    state: 'idle',
    attention: 'open',
    path: app.folder,
    machine: hostname(),
    about: '',
    waiting: { count: 0, held: 0 },
    deliveryPath: null,
    permissionMode: null,
    peerTurns: null,
    version: own['version'],
    lastHeartbeat: own['lastHeartbeat'],
    openAsks: [
      {
        id: asked,
        to: lib.id,
        state: 'delivered',
        at: (own['openAsks'] as { at: string }[])[0]?.at,
        summary: 'well?',
      },
    ],
  });
  const peer = (await app.json(['status', 'lib'])) as Record<string, unknown>;
  assert.deepEqual([peer['id'], peer['waiting']], [lib.id, { count: 1, held: 0 }]);
  assert.match(
    (await lib.run('status')).stdout,
    /^lib \(\w{6}\)\n {2}kind +shell\n[^]* {2}mail +1 waiting, 0 held\n/,
  );
});

test('inbox lists what waits without taking it, by sender in the order of sending', async (t) => {
  const box = cliBox(t);
  const [app, lib] = [await box.shell('app'), await box.shell('lib')];
  for (const text of ['one', 'two', 'three']) await app.json(['send', 'lib', text]);
  for (let look = 0; look < 2; look += 1) {
    const waiting = (await lib.json(['inbox'])) as Message[];
    assert.deepEqual(
      waiting.map(({ content, status }) => [content, status]),
      [
        ['one', 'pending'],
        ['two', 'pending'],
        ['three', 'pending'],
      ],
    );
  }
  assert.match(
    (await lib.run('inbox')).stdout,
    /^msg-\w{12} {2}note from app \(\w{6}\), just now\n {2}one\n/,
  );
});

test('a held message is shown as such, with what lets it through', async (t) => {
  const box = cliBox(t);
  const [app, lib] = [await box.shell('app'), await box.shell('lib')];
  const { id } = (await app.json(['send', 'lib', 'may I?'])) as Message;
  const [message] = (await lib.json(['inbox'])) as Message[];
  assert.ok(message);
  recordState(box.root, message, { state: 'held', at: isoMillis(Date.now()), by: lib.id, reason: 'a test' });
  assert.deepEqual(
    ((await lib.json(['inbox'])) as Message[]).map(({ status }) => status),
    ['held'],
  );
  assert.match(
    (await lib.run('inbox')).stdout,
    new RegExp(`held: a test; let it through with: cahoots accept ${id}`),
  );
  assert.match((await app.run('status', 'lib')).stdout, /mail +1 waiting, 1 held/);
});

test('a stopped seat is taken up again by start', async (t) => {
  const box = cliBox(t);
  const app = await box.shell('app');
  await app.json(['stop']);
  assert.equal(((await app.json(['status'])) as PeerJson).state, 'away');
  assert.equal(((await app.json(['start'])) as PeerJson).id, app.id);
  assert.equal(((await app.json(['status'])) as PeerJson).state, 'idle');
});

test('show gives the message and exactly state, at, by and reason of each step, from any folder', async (t) => {
  const box = cliBox(t);
  const [app, lib] = [await box.shell('app'), await box.shell('lib')];
  const { id } = (await app.json(['send', 'lib', 'hello'])) as Message;
  await lib.run('listen');
  for (const shell of [app, lib, box.bareShell('elsewhere')]) {
    const { message, states } = (await shell.json(['show', id])) as {
      message: Message;
      states: Record<string, unknown>[];
    };
    assert.equal(message.content, 'hello');
    assert.equal('states' in message, false);
    assert.deepEqual(
      states.map((state) => ({ ...state, at: typeof state['at'] })),
      [
        { state: 'accepted', at: 'string', by: app.id, reason: null },
        { state: 'delivered', at: 'string', by: app.id, reason: null },
        { state: 'offered', at: 'string', by: lib.id, reason: null, path: 'listen' },
        { state: 'seen', at: 'string', by: lib.id, reason: null, path: 'listen' },
      ],
    );
  }
  assert.match((await app.run('show', id)).stdout, /seen {7}by lib, through listen\n\nhello\n$/);
});

test('log shows the newest steps, and goes on with --follow until a signal', async (t) => {
  const box = cliBox(t);
  const [app] = [await box.shell('app'), await box.shell('lib')];
  assert.equal((await app.run('log')).stderr, 'Nothing has been sent yet.\n');
  const { id } = (await app.json(['send', 'lib', 'first'])) as Message;
  const { stdout } = await app.run('log', '--limit', '1');
  assert.match(
    stdout,
    new RegExp(`^\\d\\d:\\d\\d:\\d\\d {2}app → lib {2}note {6}delivered {2}${id} {2}first\\n$`),
  );

  const following = app.start(['log', '--follow', '--json', '--limit', '1']);
  const lines = (): string[] => following.stdout().split('\n').filter(Boolean);
  await waitFor(() => lines().length === 1, { what: 'the earlier line' });
  await app.json(['send', 'lib', 'second']);
  await waitFor(() => lines().length === 3, { what: 'the new lines' });
  following.child.kill('SIGINT');
  assert.equal((await following.ended).code, 130);
  const entries = lines().map((line) => JSON.parse(line) as { state: string; summary: string });
  assert.deepEqual(
    entries.map(({ state, summary }) => [state, summary]),
    [
      ['delivered', 'first'],
      ['accepted', 'second'],
      ['delivered', 'second'],
    ],
  );
});

test('rename changes the name of the own seat or of any seat, v1 sees it too [M6]', async (t) => {
  const box = cliBox(t);
  const [app, lib] = [await box.shell('app'), await box.shell('lib')];
  assert.deepEqual(await app.json(['rename', 'frontend']), { id: app.id, name: 'frontend', was: 'app' });
  assert.deepEqual(await app.json(['rename', 'backend', '--as', 'lib']), {
    id: lib.id,
    name: 'backend',
    was: 'lib',
  });
  const { readFileSync } = await import('node:fs');
  const manifest = JSON.parse(readFileSync(join(box.root, 'sessions', app.id, 'manifest.json'), 'utf8')) as {
    projectName: string;
  };
  assert.equal(manifest.projectName, 'frontend');
  assert.equal((await app.run('rename', 'no/good')).code, 2);
});

test('attention is set for the own seat or any seat', async (t) => {
  const box = cliBox(t);
  const [app, lib] = [await box.shell('app'), await box.shell('lib')];
  assert.deepEqual(await app.json(['attention', 'quiet']), { id: app.id, name: 'app', attention: 'quiet' });
  await app.json(['attention', 'closed', '--as', lib.id]);
  assert.equal(((await lib.json(['status'])) as { attention: string }).attention, 'closed');
  const { code, stderr } = await app.run('attention', 'loud');
  assert.equal(code, 2);
  assert.match(stderr, /'loud' is no level\. Allowed choices are open, quiet, closed\./);
});

test('stop tells the peers, lists what nobody has read, and the mail waits for the next use', async (t) => {
  const box = cliBox(t);
  const [app, lib, other] = [await box.shell('app'), await box.shell('lib'), await box.shell('other')];
  await lib.json(['send', 'app', 'unread']);
  const stopped = (await app.json(['stop'])) as { waiting: { id: string }[] };
  assert.deepEqual(stopped, {
    id: app.id,
    name: 'app',
    told: [{ id: lib.id, name: 'lib' }],
    waiting: [{ id: stopped.waiting[0]?.id, type: 'note', from: lib.id }],
  });
  assert.equal(existsSync(join(box.root, 'sessions', app.id)), false);
  const [end] = (await lib.json(['inbox'])) as Message[];
  assert.equal(end?.type, 'session-ended');
  assert.deepEqual(await other.json(['inbox']), []);
  assert.equal(((await lib.json(['status', 'app'])) as PeerJson).state, 'away');
  await lib.json(['send', 'app', 'later']);

  const listed = (await app.json(['listen', '--wait', '5'])) as Message;
  assert.equal(listed.content, 'unread');
  assert.equal(((await lib.json(['status', 'app'])) as PeerJson).state, 'idle');
  assert.ok(existsSync(join(box.root, 'sessions', app.id, 'inbox')));
});

test('a stopped seat of a folder above is not taken up by a folder below', async (t) => {
  const box = cliBox(t);
  const app = await box.shell('app');
  await app.json(['stop']);
  const below = box.bareShell('app/packages/ui');
  mkdirSync(below.folder, { recursive: true });
  const started = (await below.json(['start'])) as PeerJson;
  assert.notEqual(started.id, app.id);
});

test('trust and block say whom they concern', async (t) => {
  const box = cliBox(t);
  const [app, lib] = [await box.shell('app'), await box.shell('lib')];
  assert.deepEqual(await app.json(['trust', 'lib']), {
    peer: { id: lib.id, name: 'lib' },
    receiver: null,
    verdict: 'trusted',
  });
  assert.deepEqual(await app.json(['block', 'lib', '--as', 'app']), {
    peer: { id: lib.id, name: 'lib' },
    receiver: { id: app.id, name: 'app' },
    verdict: 'blocked',
  });
  assert.equal((await app.run('trust', 'nobody')).code, 3);
});

test('accept and deny find a message in any seat, and say when it does not wait any more', async (t) => {
  const box = cliBox(t);
  const [app, lib] = [await box.shell('app'), await box.shell('lib')];
  const elsewhere = box.bareShell('elsewhere');
  const { id: good } = (await app.json(['send', 'lib', 'good'])) as Message;
  const { id: bad } = (await app.json(['send', 'lib', 'bad'])) as Message;
  const receiver = { id: lib.id, name: 'lib' };
  assert.deepEqual(await elsewhere.json(['accept', good]), { id: good, receiver, decision: 'accepted' });
  assert.ok(readdirSync(lib.seat.inbox).includes(`${good}.accepted`));
  assert.deepEqual(await elsewhere.json(['deny', bad]), { id: bad, receiver, decision: 'denied' });
  const { states } = (await app.json(['show', bad])) as { states: { state: string; reason: string }[] };
  assert.deepEqual([states.at(-1)?.state, states.at(-1)?.reason], ['refused', 'denied by a person']);

  await lib.json(['listen']);
  for (const [command, id, code] of [
    ['accept', bad, 'message-not-held'],
    ['deny', good, 'message-not-held'],
    ['accept', 'msg-000000000000', 'message-unknown'],
    ['deny', 'msg-000000000000', 'message-unknown'],
  ] as const) {
    const { error } = (await elsewhere.json([command, id], { status: 1 })) as { error: { code: string } };
    assert.equal(error.code, code);
  }
});
