import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdirSync, readdirSync, renameSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { journalFile } from '../../../src/mailbox/journal.ts';
import type { Message } from '../../../src/protocol/message.ts';
import { cliBox } from '../../fixtures/cli.ts';
import { messageText } from '../../fixtures/message-text.ts';

const FORGED = 'msg-zzzzzzzzzzzz';

test('every command goes on beside what a hostile process left in every folder of a seat [M1] [M3] [X2]', async (t) => {
  const box = cliBox(t);
  const [app, lib] = [await box.shell('app'), await box.shell('lib')];
  const { inbox, receipts, holders, claimed, outbox, path } = lib.seat;
  mkdirSync(join(path, 'asks'), { recursive: true });
  let number = 0;
  for (const folder of [
    inbox,
    receipts,
    holders,
    claimed,
    outbox,
    join(path, 'asks'),
    join(box.root, 'seats'),
  ]) {
    const next = (): string => join(folder, `msg-${String((number += 1)).padStart(12, '0')}.json`);
    execFileSync('mkfifo', [next()]);
    const circle = join(folder, 'msg-aaaaaaaaaaaa~1~1~ffffffff~1.json');
    symlinkSync(circle, circle);
    symlinkSync('/dev/zero', next());
    mkdirSync(join(next(), 'below'), { recursive: true });
    const huge = next();
    writeFileSync(huge, '[');
    truncateSync(huge, 6 * 1024 * 1024);
    writeFileSync(next(), '['.repeat(100_000));
    writeFileSync(join(folder, '\u001b[2J\n.json'), messageText());
  }
  mkdirSync(join(box.root, 'log'));
  execFileSync('mkfifo', [join(box.root, 'log', '9999-12-31.jsonl'), join(box.root, 'trust.json')]);
  const { id } = (await app.json(['send', 'lib', 'still here?'])) as Message;
  for (const words of [['peers'], ['status'], ['inbox'], ['log'], ['show', id], ['status', 'app']]) {
    const run = await lib.run(...words);
    assert.equal(run.code, 0, `${words.join(' ')}: ${run.stderr}`);
    assert.equal(run.stdout.includes('\u001b'), false);
  }
  const heard = (await lib.json(['listen', '--wait', '20'])) as Message;
  assert.deepEqual([heard.id, heard.content], [id, 'still here?']);
  assert.deepEqual(readdirSync(inbox), []);
});

test('a forged answer, a forged sender and an id that is used again take no answer away from who asked [M1] [M4]', async (t) => {
  const box = cliBox(t);
  const [app, lib, mallory] = [await box.shell('app'), await box.shell('lib'), await box.shell('mallory')];
  const asking = app.start(['ask', 'lib', 'which version?', '--wait', '60', '--json']);
  const question = (await lib.json(['listen', '--wait', '20'])) as Message;
  const plant = (changes: Readonly<Record<string, unknown>>): void => {
    const text = messageText({ to: app.id, type: 'response', inReplyTo: question.id, ...changes });
    const place = join(app.seat.inbox, `${String(changes['id'])}.json`);
    // In one step: the process that asks looks at the inbox meanwhile, and a half of a file is no message.
    writeFileSync(`${place}.part`, text);
    renameSync(`${place}.part`, place);
  };
  plant({ id: FORGED, from: mallory.id, content: 'by mallory' });
  plant({ id: 'msg-yyyyyyyyyyyy', from: app.id, content: 'by nobody' });
  const receipt = {
    message: question.id,
    state: 'refused',
    at: '\u001b[2J',
    by: mallory.id,
    reason: 'forged',
  };
  writeFileSync(join(app.seat.receipts, `${question.id}.refused-forged.json`), JSON.stringify(receipt));
  await lib.json(['reply', question.id, 'v2']);
  const run = await asking.ended;
  const outcome = JSON.parse(run.stdout) as { state: string; response: { from: string; content: string } };
  assert.deepEqual(
    [outcome.state, outcome.response.from, outcome.response.content],
    ['answered', lib.id, 'v2'],
  );
  // What mallory wrote is a message of mallory's, and once.
  const other = (await app.json(['listen', '--wait', '20'])) as Message;
  assert.deepEqual([other.id, other.from], [FORGED, mallory.id]);
  plant({ id: FORGED, from: lib.id, content: 'again' });
  assert.equal((await app.run('listen', '--wait', '0')).code, 4);
});

test('a journal that others wrote into is shown line by line, and nothing of it acts [X2]', async (t) => {
  const box = cliBox(t);
  const [app] = [await box.shell('app'), await box.shell('lib')];
  const { id } = (await app.json(['send', 'lib', 'hello'])) as Message;
  const line = {
    message: FORGED,
    from: '\u001b]0;x\u0007',
    to: 'a\nb',
    by: 'cccccc',
    state: 'seen',
    at: '\u001b[2J',
    type: 'q\nr\u009b',
    summary: '\u202e',
  };
  const junk = [JSON.stringify(line), '['.repeat(50_000), '{"message":', '\0\0\0', `"${'x'.repeat(100_000)}`];
  writeFileSync(journalFile(box.root, Date.now()), `\n${junk.join('\n')}\n`, { flag: 'a' });
  const { stdout, code } = await app.run('log');
  assert.equal(code, 0);
  assert.equal(stdout.trimEnd().split('\n').length, 3, stdout);
  assert.doesNotMatch(stdout, /[^\P{Cc}\n]|\u202e/u);
  assert.ok(stdout.includes(id));
});
