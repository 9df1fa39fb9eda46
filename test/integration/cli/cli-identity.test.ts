import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { test } from 'node:test';
import { updateSeatRecord } from '../../../src/directory/seat-record.ts';
import { leaveSeat, type TakenSeat, takeSeat } from '../../../src/directory/take-seat.ts';
import { systemClock } from '../../../src/lib/clock.ts';
import { thisProcess } from '../../../src/lib/process-identity.ts';
import type { Message } from '../../../src/protocol/message.ts';
import { type CliBox, cliBox, type Shell } from '../../fixtures/cli.ts';

const CONVERSATION = '0b0a1f5e-0000-4000-8000-000000000001';
/** What Claude Code puts into the environment of the commands that it runs. */
const INSIDE = { CLAUDECODE: '1', CLAUDE_CODE_SESSION_ID: CONVERSATION };

test('--as speaks for the seat that it names, BRIDGE_SESSION_ID too, and --as goes first', async (t) => {
  const box = cliBox(t);
  const [app, lib, third] = [await box.shell('app'), await box.shell('lib'), await box.shell('third')];
  const speaker = async (words: string[], env: Record<string, string> = {}): Promise<string> => {
    await app.json(['send', 'third', 'x', ...words], { env });
    return ((await third.json(['listen'])) as Message).from;
  };
  assert.equal(await speaker([]), app.id);
  assert.equal(await speaker(['--as', 'lib']), lib.id);
  assert.equal(await speaker([], { BRIDGE_SESSION_ID: lib.id }), lib.id);
  assert.equal(await speaker(['--as', app.id], { BRIDGE_SESSION_ID: lib.id }), app.id);
});

test('a seat that is not there, and one of session-bridge v1, cannot be spoken for', async (t) => {
  const box = cliBox(t);
  const app = await box.shell('app');
  for (const words of [
    ['status', '--as', 'nobody'],
    ['peers', '--as', '../..'],
    ['start', '--as', 'zzzzzz'],
  ]) {
    const { error } = (await app.json(words, { status: 3 })) as { error: { code: string } };
    assert.equal(error.code, 'seat-unknown');
  }
  assert.equal((await app.start(['inbox'], { env: { BRIDGE_SESSION_ID: 'abc123' } }).ended).code, 3);
});

test('inside a live session the command line speaks for the seat of that session', async (t) => {
  const box = cliBox(t);
  const [shell, lib] = [box.bareShell('app'), await box.shell('lib')];
  const live = liveSeat(box, shell);
  await shell.json(['send', 'lib', 'hello'], { env: INSIDE });
  assert.equal(((await lib.json(['listen'])) as Message).from, live.folder.id);
  assert.equal(((await shell.json(['status'], { env: INSIDE })) as { id: string }).id, live.folder.id);
  const listed = (await shell.json(['peers'], { env: INSIDE })) as { id: string; you: boolean }[];
  assert.deepEqual(
    listed.filter(({ you }) => you).map(({ id }) => id),
    [live.folder.id],
  );
});

test('ask and listen inside a live session use the shell seat of the folder, for the attendant alone takes the mail', async (t) => {
  const box = cliBox(t);
  const [shell, lib] = [box.bareShell('app'), await box.shell('lib')];
  const live = liveSeat(box, shell);
  await lib.json(['send', live.folder.id, 'for the session']);
  const asked = await shell.start(['ask', 'lib', 'hello?', '--wait', '0'], { env: INSIDE }).ended;
  assert.match(asked.stderr, /^Made a mailbox for .*: app-2 \(\w{6}\)\./);
  assert.notEqual(((await lib.json(['listen'])) as Message).from, live.folder.id);
  assert.equal((await shell.start(['listen', '--wait', '0'], { env: INSIDE }).ended).code, 4);
  assert.equal(readdirSync(live.folder.inbox).length, 1);
});

test('what only the session can do is refused for a seat on which one sits', async (t) => {
  const box = cliBox(t);
  const [app, lib] = [box.bareShell('app'), await box.shell('lib')];
  const live = liveSeat(box, app);
  const { id } = (await lib.json(['send', live.folder.id, 'for the session'])) as Message;
  for (const words of [['ask', 'lib', 'x'], ['listen'], ['reply', id, 'x'], ['stop'], ['start']]) {
    const { error } = (await app.json([...words, '--as', live.folder.id], { status: 1 })) as {
      error: { code: string; remedy: string };
    };
    assert.equal(error.code, 'seat-held', words[0]);
    assert.match(error.remedy, /in that session/);
  }
  const waiting = (await app.json(['inbox', '--as', live.folder.id])) as Message[];
  assert.deepEqual(
    waiting.map((message) => message.id),
    [id],
  );
});

test('the seat of a session that has ended can be read and spoken for with --as', async (t) => {
  const box = cliBox(t);
  const [app, lib] = [box.bareShell('app'), await box.shell('lib')];
  const live = liveSeat(box, app);
  leaveSeat({ root: box.root, clock: systemClock }, live.hold, live.record);
  await lib.json(['send', live.folder.id, 'for whoever comes']);
  const message = (await app.json(['listen', '--as', live.folder.id, '--wait', '5'])) as Message;
  assert.equal(message.content, 'for whoever comes');
});

test('a message says whether its sender asks a person before it acts, as far as that is known [S2]', async (t) => {
  const box = cliBox(t);
  const [shell, lib] = [await box.shell('app'), await box.shell('lib')];
  const said = async (env: Record<string, string>, words: string[] = []): Promise<string | undefined> => {
    await shell.json(['send', 'lib', 'x', ...words], { env });
    return ((await lib.json(['listen'])) as Message).metadata.permissionClass;
  };
  assert.equal(await said({}), 'asks');
  // A session around it of which nothing is known.
  assert.equal(await said(INSIDE), undefined);
  const live = liveSeat(box, shell);
  assert.equal(await said(INSIDE), undefined);
  await updateSeatRecord(box.root, live.folder, { permissionMode: 'acceptEdits' });
  assert.equal(await said(INSIDE), 'asks');
  await updateSeatRecord(box.root, live.folder, { permissionMode: 'bypassPermissions' });
  assert.equal(await said(INSIDE), 'bypasses');
  // The shell seat does not hide what runs in the session.
  assert.equal(await said(INSIDE, ['--as', shell.id]), 'bypasses');
  assert.equal(await said({}, ['--as', live.folder.id]), 'bypasses');
  assert.equal(await said({}), 'asks');
});

test('the folder of a live session has a shell seat of its own, under another name', async (t) => {
  const box = cliBox(t);
  const shell = box.bareShell('app');
  const live = liveSeat(box, shell);
  const started = (await shell.json(['start'], { env: INSIDE })) as { id: string; name: string };
  assert.notEqual(started.id, live.folder.id);
  assert.equal(started.name, 'app-2');
  const { error } = (await shell.json(['start', '--name', 'app'], { status: 2 })) as {
    error: { code: string };
  };
  assert.equal(error.code, 'name-taken');
});

test('a repository cannot set the mailbox root or the seat through its settings [X1]', async (t) => {
  const box = cliBox(t);
  const [app, lib] = [await box.shell('app'), await box.shell('lib')];
  const { mkdirSync, writeFileSync } = await import('node:fs');
  mkdirSync(`${app.folder}/.claude`);
  writeFileSync(
    `${app.folder}/.claude/settings.json`,
    JSON.stringify({ env: { BRIDGE_SESSION_ID: lib.id } }),
  );
  const env = { ...INSIDE, BRIDGE_SESSION_ID: lib.id, CLAUDE_PROJECT_DIR: app.folder };
  assert.equal(((await app.json(['status'], { env })) as { id: string }).id, app.id);
});

/** Takes a live seat in the folder of a shell, held by this process as if it were an attendant. */
function liveSeat(box: CliBox, shell: Shell): TakenSeat {
  return takeSeat({
    root: box.root,
    clock: systemClock,
    projectPath: shell.folder,
    conversation: CONVERSATION,
    process: thisProcess(),
    version: '0.0.0',
  });
}
