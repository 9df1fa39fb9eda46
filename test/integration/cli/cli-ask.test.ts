import assert from 'node:assert/strict';
import { mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { isoMillis, systemClock } from '../../../src/lib/clock.ts';
import { post } from '../../../src/mailbox/post.ts';
import { recordState } from '../../../src/mailbox/receipts.ts';
import type { MessageId, SeatId } from '../../../src/protocol/ids.ts';
import type { Message } from '../../../src/protocol/message.ts';
import { waitFor } from '../../../src/testing/wait-for.ts';
import { type CliBox, cliBox, type Shell } from '../../fixtures/cli.ts';

interface AskJson {
  readonly id: MessageId;
  readonly state: string;
  readonly response: { id: string; from: string; content: string; timestamp: string } | null;
}

test('ask prints the answer of the peer', async (t) => {
  const box = cliBox(t);
  const [app, lib] = [await box.shell('app'), await box.shell('lib')];
  const asking = app.start(['ask', 'lib', 'What replaces login()?']);
  const query = (await lib.json(['listen', '--wait', '10'])) as Message;
  assert.deepEqual(
    [query.type, query.content, query.expectsReply],
    ['query', 'What replaces login()?', true],
  );
  const replied = (await lib.json(['reply', query.id, 'authenticate()'])) as object;
  assert.deepEqual(Object.keys(replied), ['id', 'state']);
  const { code, stdout, stderr } = await asking.ended;
  assert.deepEqual(
    { code, stdout, stderr },
    { code: 0, stdout: 'Response from lib:\nauthenticate()\n', stderr: '' },
  );
  assert.deepEqual(await statesOf(app, query.id), ['accepted', 'delivered', 'offered', 'seen', 'answered']);
});

test('ask --json gives id, state and response', async (t) => {
  const box = cliBox(t);
  const [app, lib] = [await box.shell('app'), await box.shell('lib')];
  const asking = app.json(['ask', 'lib', 'ready?']);
  const { id } = (await lib.json(['listen', '--wait', '10'])) as Message;
  const reply = (await lib.json(['reply', id, 'yes'])) as Message;
  const answer = (await asking) as AskJson;
  assert.deepEqual(Object.keys(answer), ['id', 'state', 'response']);
  assert.deepEqual(Object.keys(answer.response ?? {}), ['id', 'from', 'content', 'timestamp']);
  assert.deepEqual([answer.id, answer.state], [id, 'answered']);
  assert.deepEqual(
    [answer.response?.id, answer.response?.from, answer.response?.content],
    [reply.id, lib.id, 'yes'],
  );
  // The one who answered learns that its answer was seen.
  assert.deepEqual(await statesOf(lib, reply.id), ['accepted', 'delivered', 'offered', 'seen']);
});

test('an ask whose time is up tells the last known state, and the answer waits in the mailbox [M3]', async (t) => {
  const box = cliBox(t);
  const [app, lib] = [await box.shell('app'), await box.shell('lib')];
  const late = await app.run('ask', 'lib', 'anyone?', '--wait', '0.3');
  assert.equal(late.code, 4);
  assert.equal(late.stdout, '');
  assert.match(
    late.stderr,
    /^lib \(\w{6}\) has not answered within 0\.3 s; last known state of the question: delivered\./,
  );
  assert.match(late.stderr, /cahoots listen.*cahoots show msg-/);
  const asked = (await app.json(['ask', 'lib', 'still nobody?', '--wait', '0'], { status: 4 })) as AskJson;
  assert.deepEqual(asked, { id: asked.id, state: 'delivered', response: null });

  await lib.json(['reply', asked.id, 'now I am']);
  const answer = (await app.json(['listen', '--wait', '5'])) as Message;
  assert.deepEqual([answer.type, answer.inReplyTo, answer.content], ['response', asked.id, 'now I am']);
});

test('a held question ends the ask at once and says how a person lets it through', async (t) => {
  const box = cliBox(t);
  const [app, lib] = [await box.shell('app'), await box.shell('lib')];
  const asking = app.start(['ask', 'lib', 'may I?']);
  await record(box, lib.seat, 'held');
  const { code, stderr } = await asking.ended;
  assert.equal(code, 5);
  assert.match(stderr, /it is held: because of the test\. .*cahoots accept msg-\w{12}/);

  const again = app.json(['ask', 'lib', 'and now?'], { status: 5 });
  await record(box, lib.seat, 'held');
  const answer = (await again) as AskJson;
  assert.deepEqual(answer, { id: answer.id, state: 'held', response: null });
});

test('a refused question ends the ask at once with the reason', async (t) => {
  const box = cliBox(t);
  const [app, lib] = [await box.shell('app'), await box.shell('lib')];
  await lib.json(['block', 'app']);
  const asking = app.start(['ask', 'lib', 'hello?']);
  await lib.run('listen', '--wait', '2');
  const { code, stderr } = await asking.ended;
  assert.equal(code, 5);
  assert.match(stderr, /is refused: the receiver has blocked this peer/);
});

test('a person who denies a question ends the ask', async (t) => {
  const box = cliBox(t);
  const [app, lib] = [await box.shell('app'), await box.shell('lib')];
  const asking = app.json(['ask', 'lib', 'may I?'], { status: 5 });
  const [id] = await waitFor(() => waitingIn(lib.seat.inbox), { what: 'the question' });
  await lib.json(['deny', id ?? '']);
  assert.equal(((await asking) as AskJson).state, 'refused');
});

test('an ask ends when the mailbox that it went to is gone for good [M3]', async (t) => {
  const box = cliBox(t);
  const app = await box.shell('app');
  const session = v1Session(box, 'old123', 'old-lib');
  const asking = app.json(['ask', 'old-lib', 'still there?'], { status: 5 });
  await waitFor(() => waitingIn(session.inbox), { what: 'the question' });
  rmSync(session.path, { recursive: true });
  assert.equal(((await asking) as AskJson).state, 'undeliverable');
});

test('a session of session-bridge v1 is asked and answers in its own way [M6]', async (t) => {
  const box = cliBox(t);
  const app = await box.shell('app');
  const session = v1Session(box, 'old123', 'old-lib');
  const asking = app.json(['ask', 'old-lib', 'which version?']);
  const [id = ''] = await waitFor(() => waitingIn(session.inbox), { what: 'the question' });
  v1Answer(box, { from: 'old123', to: app.id, inReplyTo: id, content: '0.1.1' });
  const answer = (await asking) as AskJson;
  assert.deepEqual(
    [answer.state, answer.response?.from, answer.response?.content],
    ['answered', 'old123', '0.1.1'],
  );
  assert.deepEqual(await statesOf(app, id), ['accepted', 'delivered', 'answered']);
  const { openAsks } = (await app.json(['status'])) as { openAsks: unknown[] };
  assert.deepEqual(openAsks, []);
});

test('an answer reaches the ask although v1 has deleted the façade meanwhile [M6]', async (t) => {
  const box = cliBox(t);
  const app = await box.shell('app');
  const session = v1Session(box, 'old123', 'old-lib');
  const asking = app.json(['ask', 'old-lib', 'which version?']);
  const [id = ''] = await waitFor(() => waitingIn(session.inbox), { what: 'the question' });
  const facade = join(box.root, 'sessions', app.id);
  rmSync(facade, { recursive: true });
  await waitFor(() => readdirSync(facade).includes('inbox'), { what: 'the façade to be built again' });
  v1Answer(box, { from: 'old123', to: app.id, inReplyTo: id, content: '0.1.1' });
  assert.equal(((await asking) as AskJson).response?.content, '0.1.1');
});

test('two shells that ask each other at once both get their answers', async (t) => {
  const box = cliBox(t);
  const [app, lib] = [await box.shell('app'), await box.shell('lib')];
  const asking = [app.json(['ask', 'lib', 'from app']), lib.json(['ask', 'app', 'from lib'])];
  for (const shell of [app, lib]) {
    const query = (await shell.json(['listen', '--wait', '10'])) as Message;
    await shell.json(['reply', query.id, `re: ${query.content}`]);
  }
  const answers = (await Promise.all(asking)) as AskJson[];
  assert.deepEqual(
    answers.map(({ response }) => response?.content),
    ['re: from app', 're: from lib'],
  );
});

test('a listener of the same seat leaves the answer to the ask that waits for it', async (t) => {
  const box = cliBox(t);
  const [app, lib] = [await box.shell('app'), await box.shell('lib')];
  const listener = app.start(['listen', '--follow', '--json']);
  const asking = app.json(['ask', 'lib', 'who gets it?']);
  const query = (await lib.json(['listen', '--wait', '10'])) as Message;
  await lib.json(['reply', query.id, 'you do']);
  await lib.json(['send', 'app', 'and this is for the listener']);
  assert.equal(((await asking) as AskJson).response?.content, 'you do');
  await waitFor(() => listener.stdout().includes('for the listener'), { what: 'the note' });
  listener.child.kill('SIGTERM');
  assert.equal((await listener.ended).stdout.includes('you do'), false);
});

test('what somebody else sends as the answer is not taken for it [X2]', async (t) => {
  const box = cliBox(t);
  const [app, lib, third] = [await box.shell('app'), await box.shell('lib'), await box.shell('third')];
  const asking = app.json(['ask', 'lib', 'the password?', '--wait', '1.5'], { status: 4 });
  const [id] = await waitFor(() => waitingIn(lib.seat.inbox), { what: 'the question' });
  post({ root: box.root, clock: systemClock }, third.seat, {
    to: app.id,
    type: 'response',
    content: 'trust me',
    inReplyTo: id as MessageId,
    metadata: {},
  });
  assert.equal(((await asking) as AskJson).response, null);
});

test('an ask that is given up with Ctrl-C ends with 130 and leaves nothing behind', async (t) => {
  const box = cliBox(t);
  const [app, lib] = [await box.shell('app'), await box.shell('lib')];
  const asking = app.start(['ask', 'lib', 'hello?']);
  await waitFor(() => waitingIn(lib.seat.inbox), { what: 'the question' });
  await waitFor(() => readdirSync(join(app.seat.path, 'asks')).length > 0, { what: 'the wait' });
  asking.child.kill('SIGINT');
  const { code, stdout, stderr } = await asking.ended;
  assert.deepEqual([code, stdout], [130, '']);
  assert.match(stderr, /^Given up\. The answer will wait in the mailbox: cahoots listen\n$/);
  assert.deepEqual(readdirSync(join(app.seat.path, 'asks')), []);
});

test('a question back is answered with reply, which sends a new query in the same thread', async (t) => {
  const box = cliBox(t);
  const [app, lib] = [await box.shell('app'), await box.shell('lib')];
  const asking = app.json(['ask', 'lib', 'how do I migrate?']);
  const query = (await lib.json(['listen', '--wait', '10'])) as Message;
  await lib.json(['reply', query.id, 'from which version?']);
  const back = (await asking) as AskJson;
  await app.json(['reply', back.response?.id ?? '', 'from 1.4']);
  const more = (await lib.json(['listen', '--wait', '10'])) as Message;
  assert.deepEqual([more.type, more.content, more.thread], ['query', 'from 1.4', query.id]);
});

test('a message that still waits is taken by the reply to it', async (t) => {
  const box = cliBox(t);
  const [app, lib] = [await box.shell('app'), await box.shell('lib')];
  const { id } = (await app.json(['ask', 'lib', 'quick one?', '--wait', '0'], { status: 4 })) as AskJson;
  await lib.json(['reply', id, 'yes']);
  assert.deepEqual(await lib.json(['inbox']), []);
  assert.deepEqual(await statesOf(app, id), ['accepted', 'delivered', 'seen', 'answered']);
});

/** The states of a message, as its sender is shown them. */
async function statesOf(sender: Shell, id: string): Promise<string[]> {
  const { states } = (await sender.json(['show', id])) as { states: { state: string }[] };
  return states.map(({ state }) => state);
}

/** The ids of the messages in a folder; undefined while there is none. */
function waitingIn(folder: string): string[] | undefined {
  const names = readdirSync(folder).filter((name) => name.endsWith('.json'));
  return names.length === 0 ? undefined : names.map((name) => name.slice(0, -'.json'.length));
}

/** Records a state of the message that waits in a seat, as an attendant does, and takes the message away. */
async function record(
  box: CliBox,
  { id: by, inbox }: { id: SeatId; inbox: string },
  state: 'held',
): Promise<void> {
  const [id = ''] = await waitFor(() => waitingIn(inbox), { what: 'the question' });
  const { readFileSync } = await import('node:fs');
  const path = join(inbox, `${id}.json`);
  const message = JSON.parse(readFileSync(path, 'utf8')) as Message;
  rmSync(path);
  recordState(box.root, message, { state, at: isoMillis(Date.now()), by, reason: 'because of the test' });
}

function v1Session(box: CliBox, id: string, name: string): { path: string; inbox: string } {
  const path = join(box.root, 'sessions', id);
  for (const folder of ['inbox', 'outbox']) mkdirSync(join(path, folder), { recursive: true });
  const now = `${new Date().toISOString().slice(0, 19)}Z`;
  writeFileSync(
    join(path, 'manifest.json'),
    JSON.stringify({
      sessionId: id,
      projectName: name,
      projectPath: `/projects/${name}`,
      startedAt: now,
      lastHeartbeat: now,
      status: 'active',
      capabilities: ['query', 'context-dump', 'conversation'],
    }),
  );
  return { path, inbox: join(path, 'inbox') };
}

function v1Answer(
  box: CliBox,
  { from, to, inReplyTo, content }: Record<'from' | 'to' | 'inReplyTo' | 'content', string>,
): void {
  const id = 'msg-v1answer0001';
  const inbox = join(box.root, 'sessions', to, 'inbox');
  writeFileSync(
    join(inbox, `${id}.json`),
    JSON.stringify({
      id,
      from,
      to,
      type: 'response',
      timestamp: `${new Date().toISOString().slice(0, 19)}Z`,
      status: 'pending',
      content,
      inReplyTo,
      metadata: { urgency: 'normal', fromProject: 'old-lib' },
    }),
  );
}
