import assert from 'node:assert/strict';
import { appendFileSync, lstatSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import { suite, test } from 'node:test';
import { journalFile } from '../../../../src/mailbox/journal.ts';
import { pastPath } from '../../../../src/mailbox/past.ts';
import { newMessageId } from '../../../../src/protocol/ids.ts';
import { NOTHING_SPENT } from '../../../../src/protocol/turn-result.ts';
import { waitFor } from '../../../../src/testing/index.ts';
import { managedRecord, promptRecord } from '../../../fixtures/managed-records.ts';
import { searched } from '../../../fixtures/searched.ts';
import { DAY_MS } from '../../../fixtures/temp-root.ts';

const turn = (text: string) => ({
  status: 'completed' as const,
  text,
  steps: 1,
  spent: NOTHING_SPENT,
  denials: [],
  toolsUsed: {},
  durationMs: 1,
});

suite('a search', () => {
  test('finds messages wherever they lie, each once, the newest first, with the match', async (t) => {
    const { seat, send, handled, find, ids } = searched(t);
    const [a, b] = [seat('aaaaaa'), seat('bbbbbb')];
    const read = handled(a, b, { content: 'the login() call is gone' });
    const waits = send(b, a, { type: 'query', content: 'Which login call?' });
    assert.deepEqual(await ids('login'), [waits.id, read.id]);
    const [, first] = await find('login');
    assert.deepEqual(
      { ...first, atMs: 0 },
      { id: read.id, type: 'note', from: a.id, to: b.id, atMs: 0, snippet: read.content, matches: [[4, 9]] },
    );
    assert.deepEqual(await ids('"call is"'), [read.id]);
    assert.deepEqual(await ids('logi'), [waits.id, read.id]);
    assert.deepEqual(await ids('login', { limit: 1 }), [waits.id]);
    assert.deepEqual(await ids('logout'), []);
  });

  test('takes in what came since the last one: sent, written by v1, asked of a session and answered by it', async (t) => {
    const { seat, send, ids, find, store } = searched(t);
    const [a, b] = [seat('aaaaaa'), seat('bbbbbb')];
    assert.deepEqual(await ids('later'), []);
    const sent = send(a, b, { content: 'later one' });
    assert.deepEqual(await ids('later'), [sent.id]);
    const id = newMessageId();
    const v1 = { id, from: 'v1v1v1', to: a.id, type: 'query', status: 'pending', content: 'later two' };
    const rest = { timestamp: new Date().toISOString(), inReplyTo: null, metadata: {} };
    writeFileSync(`${a.inbox}/${id}.json`, JSON.stringify({ ...v1, ...rest }));
    const session = managedRecord({ id: b.id });
    store.saveSession(session);
    const prompt = promptRecord({ session: b.id, from: a.id, text: 'later three', acceptedAtMs: Date.now() });
    store.savePrompt(prompt);
    assert.deepEqual((await ids('later')).toSorted(), [sent.id, id, prompt.id].toSorted());
    store.savePrompt({
      ...prompt,
      endedAtMs: Date.now() + 1,
      ended: { outcome: 'completed' },
      turn: turn('done, later'),
    });
    const found = await find('later', { peer: b.id });
    assert.deepEqual(
      found.map(({ type }) => type),
      ['result', 'prompt', 'note'],
    );
    store.remove(b.id);
    store.saveSession(session);
    store.savePrompt({ ...prompt, id: 'another' });
    assert.deepEqual((await ids('three')).toSorted(), ['another']);
  });

  test('goes by peer, type and time', async (t) => {
    const { seat, send, ids, clock } = searched(t);
    const [a, b, c] = [seat('aaaaaa'), seat('bbbbbb'), seat('cccccc')];
    clock.offsetMs = -3 * DAY_MS;
    const old = send(a, b, { content: 'word' });
    clock.offsetMs = 0;
    const query = send(a, c, { type: 'query', content: 'word' });
    assert.deepEqual(await ids('word', { peer: b.id }), [old.id]);
    assert.deepEqual(await ids('word', { peer: a.id }), [query.id, old.id]);
    assert.deepEqual(await ids('word', { type: 'query' }), [query.id]);
    assert.deepEqual(await ids('word', { sinceMs: Date.now() - DAY_MS }), [query.id]);
    assert.deepEqual(await ids('word', { untilMs: Date.now() - DAY_MS }), [old.id]);
    assert.deepEqual(await ids('word', { untilMs: Date.now() - DAY_MS, peer: c.id }), []);
  });

  test('finds nothing that has gone, or says something else now', async (t) => {
    const { seat, handled, ids } = searched(t);
    const [a, b] = [seat('aaaaaa'), seat('bbbbbb')];
    const [gone, changed, kept] = ['gone', 'changed', 'kept'].map((name) =>
      handled(a, b, { content: `word ${name}` }),
    );
    assert.ok(gone !== undefined && changed !== undefined && kept !== undefined);
    assert.equal((await ids('word')).length, 3);
    for (const folder of [a.outbox, b.read]) rmSync(pastPath(folder, gone.id));
    const path = pastPath(a.outbox, changed.id);
    writeFileSync(path, readFileSync(path, 'utf8').replace('word changed', 'other text'));
    assert.deepEqual(await ids('word', { limit: 2 }), [kept.id]);
    assert.deepEqual(await ids('other'), [changed.id]);
  });

  test('goes on with the index that another daemon has left, and adds what the journal did not tell', async (t) => {
    const { root, seat, send, ids, restart, path } = searched(t);
    const [a, b] = [seat('aaaaaa'), seat('bbbbbb')];
    const one = send(a, b, { content: 'word one' });
    assert.deepEqual(await ids('word'), [one.id]);
    const made = lstatSync(path).ino;
    assert.equal(lstatSync(path).mode & 0o777, 0o600);
    // As on a full disk: the message is there, its lines are not.
    const journal = readFileSync(journalFile(root, Date.now()));
    const untold = send(a, b, { content: 'word two' });
    writeFileSync(journalFile(root, Date.now()), journal);
    await restart();
    const told = send(a, b, { content: 'word three' });
    const found = await ids('word');
    assert.ok(found.includes(told.id) && found.includes(one.id));
    await waitFor(async () => (await ids('word')).includes(untold.id), {
      what: 'the one that nobody told of',
    });
    assert.equal(lstatSync(path).ino, made);
  });

  test('makes the index anew where it is missing, damaged, unfinished, of another shape, or no file at all', async (t) => {
    const { seat, send, ids, restart, path } = searched(t);
    const one = send(seat('aaaaaa'), seat('bbbbbb'), { content: 'word one' });
    assert.deepEqual(await ids('word'), [one.id]);
    const change = (sql: string): void => {
      const database = new DatabaseSync(path);
      database.exec(sql);
      database.close();
    };
    const harms: Record<string, () => void> = {
      missing: () => rmSync(path),
      'no database': () => writeFileSync(path, 'no database at all '.repeat(500)),
      'overwritten pages': () => {
        const bytes = readFileSync(path);
        writeFileSync(path, bytes.fill(0xa5, 4096));
      },
      'cut off': () => writeFileSync(path, readFileSync(path).subarray(0, 6_000)),
      unfinished: () => change("DELETE FROM facts WHERE name = 'finished'; DELETE FROM entries;"),
      'of a newer shape': () => change('DROP TABLE entries; PRAGMA user_version = 99;'),
      empty: () => writeFileSync(path, ''),
    };
    for (const [name, harm] of Object.entries(harms)) {
      await restart();
      harm();
      assert.deepEqual(await ids('word'), [one.id], name);
    }
  });

  test('is not kept from the rest by files that are no messages', async (t) => {
    const { root, seat, handled, ids } = searched(t);
    const [a, b] = [seat('aaaaaa'), seat('bbbbbb')];
    const one = handled(a, b, { content: 'word one' });
    for (const content of ['', '{', '[]', '{"content":"word"}'])
      writeFileSync(pastPath(b.read, one.id), content);
    writeFileSync(`${b.inbox}/msg-000000000000.json`, '{"content":"word"}');
    appendFileSync(
      journalFile(root, Date.now()),
      '\n{"message":"msg-000000000000","from":"../../","to":"word"}',
    );
    assert.deepEqual(await ids('word'), [one.id]);
  });

  test('says that the index is still being made when the time is up, and ends when the daemon does [M3]', async (t) => {
    const { seat, send, ids, service } = searched(t);
    const [a, b] = [seat('aaaaaa'), seat('bbbbbb')];
    for (let count = 0; count < 20; count += 1) send(a, b, { content: 'word '.repeat(20_000) });
    await assert.rejects(ids('word', { waitMs: 0 }), {
      code: 'wait-timeout',
    });
    const [found, left] = [ids('word'), ids('word')];
    const ended = assert.rejects(Promise.all([found, left]), { code: 'closed' });
    await service.close();
    await ended;
    await service.close();
    await assert.rejects(ids('word'), { code: 'closed' });
  });
});
