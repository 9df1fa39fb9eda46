import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readdirSync, readFileSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { suite, type TestContext, test } from 'node:test';
import { openDatabase } from '../../../../src/daemon/store/database.ts';
import { SqliteSessionStore } from '../../../../src/daemon/store/sqlite-session-store.ts';
import { newSeatId } from '../../../../src/protocol/ids.ts';
import { managedRecord, promptRecord } from '../../../fixtures/managed-records.ts';
import { tempFolder } from '../../../fixtures/temp-root.ts';

const AT = { nowMs: Date.UTC(2026, 0, 2, 3, 4, 5) };

function pathIn(t: TestContext): string {
  return join(tempFolder(t), 'daemon.db');
}

suite('the sessions of the daemon', () => {
  test('are there as they were kept, after the file was closed and opened again', (t) => {
    const path = pathIn(t);
    const first = openDatabase(path, AT);
    const session = managedRecord({ name: 'api', model: 'some-model' });
    const prompt = promptRecord({ session: session.id });
    const before = new SqliteSessionStore(first.database);
    before.saveSession(session, {
      session: session.id,
      atMs: 1,
      type: 'state:changed',
      data: { from: 'nothing' },
    });
    before.savePrompt(prompt);
    before.note({
      session: session.id,
      atMs: 2,
      type: 'text:said',
      data: { text: 'hello' },
      prompt: prompt.id,
    });
    first.close();
    first.close();

    const second = openDatabase(path, AT);
    t.after(() => second.close());
    const store = new SqliteSessionStore(second.database);
    assert.deepEqual(store.session(session.id), session);
    assert.deepEqual(store.sessionNamed('api'), session);
    assert.deepEqual(store.prompt(prompt.id), prompt);
    assert.deepEqual(store.openPrompts(session.id), [prompt]);
    assert.deepEqual(store.journal(session.id), [
      { number: 1, session: session.id, atMs: 1, type: 'state:changed', data: { from: 'nothing' } },
      {
        number: 2,
        session: session.id,
        atMs: 2,
        type: 'text:said',
        data: { text: 'hello' },
        prompt: prompt.id,
      },
    ]);
    assert.equal(store.session(newSeatId()), undefined);
  });

  test('are listed by their last change, their prompts by when they were accepted, the journal from where one was', (t) => {
    const { database, close } = openDatabase(pathIn(t), AT);
    t.after(close);
    const store = new SqliteSessionStore(database);
    const [old, young] = [managedRecord({ name: 'old' }), managedRecord({ name: 'young', changedAtMs: 9 })];
    for (const session of [young, old]) store.saveSession(session);
    assert.deepEqual(
      store.sessions().map(({ name }) => name),
      ['young', 'old'],
    );
    assert.equal(store.sessions({ limit: 1 }).length, 1);
    assert.deepEqual(JSON.parse(store.sessionsText({ limit: 1 })), store.sessions({ limit: 1 }));
    for (const text of ['one', 'two', 'three']) store.savePrompt(promptRecord({ session: old.id, text }));
    assert.deepEqual(
      store.prompts(old.id, { limit: 2 }).map(({ text }) => text),
      ['two', 'three'],
    );
    const [first] = store.openPrompts(old.id);
    assert.ok(first !== undefined);
    store.savePrompt({ ...first, ended: { outcome: 'completed' } });
    assert.equal(store.openPrompts(old.id).length, 2);
    for (const number of [1, 2, 3])
      store.note({ session: old.id, atMs: number, type: 'a:b', data: { number } });
    assert.deepEqual(
      store.journal(old.id, { after: 1, limit: 1 }).map(({ data }) => data['number']),
      [2],
    );
  });

  test('have names of their own, and are removed with all that was kept of them', (t) => {
    const { database, close } = openDatabase(pathIn(t), AT);
    t.after(close);
    const store = new SqliteSessionStore(database);
    const session = managedRecord({ name: 'api' });
    store.saveSession(session, { session: session.id, atMs: 1, type: 'a:b', data: {} });
    store.savePrompt(promptRecord({ session: session.id }));
    assert.throws(() => store.saveSession(managedRecord({ name: 'api' })), /UNIQUE/);
    store.remove(session.id);
    assert.deepEqual([store.sessions(), store.prompts(session.id), store.journal(session.id)], [[], [], []]);
    store.saveSession(managedRecord({ name: 'api' }));
  });

  test('are all there that were said to be kept, each with its note, when the process is killed [D4]', async (t) => {
    const path = pathIn(t);
    for (const afterLines of [1, 25, 60]) {
      const child = spawn(
        process.execPath,
        [join(import.meta.dirname, '../../../fixtures/programs/store-writer.ts'), path],
        {
          stdio: ['ignore', 'pipe', 'inherit'],
        },
      );
      let told = '';
      child.stdout.setEncoding('utf8').on('data', (text: string) => {
        told += text;
        if (told.split('\n').length > afterLines) child.kill('SIGKILL');
      });
      await once(child, 'close');
      const count = told.split('\n').length - 1;
      const opened = openDatabase(path, AT);
      assert.equal(opened.setAside, undefined);
      const store = new SqliteSessionStore(opened.database);
      const sessions = store.sessions({ limit: 10_000 });
      assert.ok(sessions.length >= count && sessions.length <= count + 1, `${sessions.length} of ${count}`);
      for (const { id } of sessions) assert.equal(store.journal(id).length, 1);
      const prompts = sessions.flatMap(({ id }) => store.prompts(id));
      assert.ok(prompts.length >= count);
      for (const { id } of sessions) store.remove(id);
      opened.close();
    }
  });
});

suite('the database of the daemon', () => {
  test('that is damaged is set aside whole, and a new one begun in its place', (t) => {
    const damages: Record<string, (path: string) => void> = {
      'no database at all': (path) =>
        writeFileSync(path, 'this is no database, whatever its name may say\n'.repeat(99)),
      'a page overwritten': (path) => {
        const bytes = readFileSync(path);
        bytes.fill(0xa5, 4096, 3 * 4096);
        writeFileSync(path, bytes);
      },
      'cut off': (path) => truncateSync(path, 3 * 4096 + 100),
    };
    for (const [name, damage] of Object.entries(damages)) {
      const path = join(tempFolder(t), 'daemon.db');
      const first = openDatabase(path, AT);
      const before = new SqliteSessionStore(first.database);
      for (let count = 0; count < 50; count += 1) before.saveSession(managedRecord({ name: `s${count}` }));
      first.database.exec('PRAGMA wal_checkpoint(TRUNCATE)');
      // Not in order: as a process that was killed leaves it.
      first.database.close();
      damage(path);
      const damaged = readFileSync(path);
      const second = openDatabase(path, AT);
      assert.equal(second.setAside, `${path}.damaged-2026-01-02T03-04-05-000Z`, name);
      assert.deepEqual(readFileSync(second.setAside), damaged, name);
      assert.deepEqual(new SqliteSessionStore(second.database).sessions(), []);
      second.close();
    }
  });

  test('of a newer version is left as it is', (t) => {
    const path = pathIn(t);
    openDatabase(path, AT).close();
    const newer = new DatabaseSync(path);
    newer.exec('PRAGMA user_version = 99');
    newer.close();
    const bytes = readFileSync(path);
    assert.throws(() => openDatabase(path, AT), { code: 'database-newer' });
    assert.deepEqual(readFileSync(path), bytes);
    assert.ok(!readdirSync(join(path, '..')).some((name) => name.includes('damaged')));
  });

  test('leaves no further files beside it once it is closed', (t) => {
    const path = pathIn(t);
    openDatabase(path, AT).close();
    assert.ok(existsSync(path));
    assert.deepEqual(readdirSync(join(path, '..')), ['daemon.db']);
  });
});
