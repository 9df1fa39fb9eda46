import assert from 'node:assert/strict';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import type { MessageHistory } from '../../../src/client/mail/message-history.ts';
import type { Message } from '../../../src/protocol/message.ts';
import { type CliBox, cliBox, type Shell } from '../../fixtures/cli.ts';

type Seated = Awaited<ReturnType<CliBox['shell']>>;

interface Talk {
  readonly box: CliBox;
  readonly app: Seated;
  readonly lib: Seated;
  readonly question: string;
}

/** A question, a question back, its answer, the answer; and something else that has nothing to do with it. */
async function talk(t: Parameters<typeof cliBox>[0]): Promise<Talk> {
  const box = cliBox(t);
  const [app, lib, tools] = [await box.shell('app'), await box.shell('lib'), await box.shell('tools')];
  const sent = async (shell: Shell, ...words: string[]): Promise<string> =>
    ((await shell.json(words)) as Message).id;
  await app.run('ask', 'lib', 'What broke?', '--wait', '0');
  const question = ((await lib.json(['listen'])) as Message).id;
  const back = await sent(lib, 'reply', question, 'What do you catch?\nShow me.');
  await app.run('listen');
  const more = await sent(app, 'reply', back, 'AuthError');
  await lib.run('listen');
  await sent(lib, 'reply', more, 'AuthException now');
  await sent(tools, 'send', 'lib', 'something else');
  await sent(app, 'send', 'lib', 'thanks');
  return { box, app, lib, question };
}

test('a conversation reads as one text, from any of its messages', async (t) => {
  const { app, question } = await talk(t);
  const all = (await app.jsonLines(['log', '--thread', question])) as MessageHistory[];
  assert.deepEqual(
    all.map(({ message }) => [message.type, message.content]),
    [
      ['query', 'What broke?'],
      ['response', 'What do you catch?\nShow me.'],
      ['query', 'AuthError'],
      ['response', 'AuthException now'],
    ],
  );
  assert.ok(all.every(({ states }) => states.length > 1));
  const last = all.at(-1)?.message.id ?? '';
  assert.deepEqual(
    ((await app.jsonLines(['log', '--thread', last])) as MessageHistory[]).map(({ message }) => message.id),
    all.map(({ message }) => message.id),
  );
  const { stdout } = await app.run('log', '--thread', question);
  assert.match(
    stdout,
    /^app → lib {2}\d\d:\d\d:\d\d {2}query, answered {2}msg-\w+\n {2}What broke\?\n\nlib → app /,
  );
  assert.match(stdout, /\n {2}What do you catch\?\n {2}Show me\.\n/);
  assert.doesNotMatch(stdout, /something else|thanks/);
});

test('what two seats said to each other is shown without what others said, the newest on demand', async (t) => {
  const { app } = await talk(t);
  const contents = async (...words: string[]): Promise<string[]> =>
    ((await app.jsonLines(['log', '--between', ...words])) as MessageHistory[]).map(
      ({ message }) => message.content,
    );
  assert.deepEqual(await contents('app', 'lib'), [
    'What broke?',
    'What do you catch?\nShow me.',
    'AuthError',
    'AuthException now',
    'thanks',
  ]);
  assert.deepEqual(await contents('lib', 'app', '--limit', '1'), ['thanks']);
  const none = await app.run('log', '--between', 'app', 'tools');
  assert.deepEqual([none.code, none.stdout], [0, '']);
});

test('of a message that is removed by now its first words are left', async (t) => {
  const { box, app, lib, question } = await talk(t);
  for (const { id } of [app, lib])
    for (const part of ['outbox', 'read'])
      rmSync(join(box.root, 'seats', id, part), { recursive: true, force: true });
  const [first] = (await app.jsonLines(['log', '--thread', question])) as MessageHistory[];
  assert.deepEqual([first?.message.content, first?.message.status], ['What broke?', 'removed']);
});

test('what cannot be asked for is said: an unknown message, one seat, two ways at once', async (t) => {
  const { app, question } = await talk(t);
  for (const [words, code, text] of [
    [['--thread', 'msg-000000000000'], 1, /knows no message msg-000000000000/],
    [['--thread', 'nonsense'], 2, /is no message id/],
    [['--between', 'app'], 2, /takes two seats/],
    [['--between', 'app', 'nobody'], 3, /nobody/],
    [['--between', 'app', 'lib', '--thread', question], 2, /do not go together/],
    [['--between', 'app', 'lib', '--follow'], 2, /do not go together/],
  ] as const) {
    const run = await app.run('log', ...words);
    assert.equal(run.code, code, run.stderr);
    assert.match(run.stderr, text);
  }
});
