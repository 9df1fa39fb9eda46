import assert from 'node:assert/strict';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite, type TestContext, test } from 'node:test';
import { daemonPlace } from '../../../src/config/daemon-place.ts';
import { callDaemon, type DaemonAccess, ensureDaemon } from '../../../src/daemon-link/daemon-client.ts';
import { listLiveProcesses } from '../../../src/lib/live-processes.ts';
import { signalProcess } from '../../../src/lib/stop-process.ts';
import type { PromptRecord } from '../../../src/protocol/managed-session.ts';
import { waitFor } from '../../../src/testing/index.ts';
import { type CliBox, cliBox } from '../../fixtures/cli.ts';
import { filesWith } from '../../fixtures/searched.ts';

const PACKAGE = join(import.meta.dirname, '../../../package.json');
const { version } = JSON.parse(readFileSync(PACKAGE, 'utf8')) as { version: string };
const PROGRAM = join(import.meta.dirname, '../../fixtures/programs/small-daemon.ts');

/** A person's machine whose daemon is ended with the test, before the folder goes. */
function boxWithDaemon(t: TestContext): CliBox & { place: DaemonAccess['place'] } {
  let root = '';
  t.after(async () => {
    const allAreGone = async (): Promise<boolean> => {
      const left = await listLiveProcesses({ roots: [], mark: `BRIDGE_DIR=${root}` });
      for (const { pid } of left) signalProcess(pid, 'SIGTERM');
      return left.length === 0;
    };
    await waitFor(allAreGone, { what: 'the end of the daemon', intervalMs: 50 });
  });
  const box = cliBox(t);
  ({ root } = box);
  return { ...box, place: daemonPlace({ root, env: {} }) };
}

/** Another one, whose sessions are played by a script. */
async function withScriptedSessions(box: CliBox & { place: DaemonAccess['place'] }): Promise<DaemonAccess> {
  const env = {
    PATH: process.env['PATH'] ?? '',
    BRIDGE_DIR: box.root,
    TMPDIR: join(box.root, '..'),
    VERSION: version,
  };
  const access = { place: box.place, program: PROGRAM, env, version };
  await ensureDaemon(access);
  return access;
}

suite('cahoots search', () => {
  test('starts the daemon, finds what was sent, shows it without effect on a terminal, and leaves mail as it is', async (t) => {
    const box = boxWithDaemon(t);
    const [app, lib] = [await box.shell('app'), await box.shell('lib')];
    assert.equal((await app.run('send', 'lib', 'login() is gone')).code, 0);
    assert.equal((await app.run('send', 'lib', 'use \u001b]0;evil\u0007authenticate(\nconfig)')).code, 0);
    const found = await lib.run('search', 'login');
    assert.equal(found.code, 0, found.stderr);
    assert.match(found.stdout, /^\S+ {2}app → lib {2}note {2}msg-[a-z0-9]{12}\n {2}\[login\]\(\) is gone\n$/);
    const odd = await lib.run('search', 'authenticate config');
    assert.match(odd.stdout, /␛\]0;evil␇\[authenticate\]\( \[config\]\)\n$/);
    const [line] = (await lib.jsonLines([
      'search',
      'LOGIN',
      '--peer',
      'app',
      '--type',
      'note',
      '--since',
      '1h',
    ])) as {
      fromName: string;
      matches: unknown;
    }[];
    assert.deepEqual([line?.fromName, line?.matches], ['app', [[0, 5]]]);
    assert.equal((await lib.run('search', 'login', '--until', '2020-01-01')).stdout, '');
    assert.match((await lib.run('search', 'nothing')).stderr, /Nothing was found/);
    for (const words of [
      ['search', '"'],
      ['search', 'a', '--type', 'odd'],
      ['search', 'a', '--since', 'soon'],
      ['search', 'a', '--limit', '2000'],
    ])
      assert.equal((await lib.run(...words)).code, 2, words.join(' '));
    assert.equal((await lib.run('search', 'a', '--peer', 'no-such-peer')).code, 3);
    assert.equal(((await lib.json(['listen'])) as { content: string }).content, 'login() is gone');
    assert.equal((await lib.jsonLines(['search', 'login'])).length, 1);
  });

  test('finds what managed sessions were told and what they said', async (t) => {
    const box = boxWithDaemon(t);
    const app = await box.shell('app');
    const access = await withScriptedSessions(box);
    await callDaemon(access, { method: 'POST', path: '/v1/sessions', body: { name: 'worker', cwd: '/' } });
    const prompt = (await callDaemon(access, {
      method: 'POST',
      path: '/v1/sessions/worker/prompts',
      body: { text: 'count the llamas', from: 'a person' },
    })) as PromptRecord;
    await callDaemon(access, { method: 'GET', path: `/v1/prompts/${prompt.id}?waitMs=10000` });
    const found = (await app.jsonLines(['search', 'llamas'])) as {
      id: string;
      type: string;
      snippet: string;
    }[];
    assert.deepEqual(
      found.map(({ id, type, snippet }) => [id, type, snippet]),
      [
        [prompt.id, 'result', 'ECHO[count the llamas]'],
        [prompt.id, 'prompt', 'count the llamas'],
      ],
    );
    const purged = (await app.json(['purge', '--yes'])) as { prompts: number };
    assert.equal(purged.prompts, 1);
    assert.deepEqual(await app.jsonLines(['search', 'llamas']), []);
    await callDaemon(access, { method: 'POST', path: '/v1/shut-down', body: {} });
    // It gives its place up last.
    await waitFor(() => !existsSync(access.place.state), { what: 'the end of the daemon' });
    assert.deepEqual(filesWith(box.root, 'llamas'), []);
  });
});

suite('cahoots purge', () => {
  test('says what it would erase, erases it with --yes alone, and then no file has it', async (t) => {
    const box = boxWithDaemon(t);
    const [app, lib] = [await box.shell('app'), await box.shell('lib')];
    assert.equal((await app.run('send', 'lib', 'tellnobody one')).code, 0);
    assert.equal((await app.run('send', 'lib', 'stays two')).code, 0);
    assert.equal(((await lib.json(['listen'])) as { content: string }).content, 'tellnobody one');
    assert.equal((await lib.jsonLines(['search', 'tellnobody'])).length, 1);
    const refused = await app.run('purge');
    assert.deepEqual([refused.code, /Nobody can be asked/.test(refused.stderr)], [2, true]);
    assert.match(
      refused.stdout,
      /^This will be erased:\n {2}1 message, with \d+ lines of the journal\n1 that match are open/,
    );
    const plan = await app.json(['purge', '--dry-run']);
    assert.equal((plan as { dryRun: boolean }).dryRun, true);
    assert.ok(filesWith(box.root, 'tellnobody').length > 0);
    const none = (await app.json(['purge', '--yes', '--older-than', '1d'])) as { messages: number };
    assert.equal(none.messages, 0);
    assert.deepEqual(await app.json(['purge', '--yes', '--peer', 'lib']), {
      ...(plan as object),
      dryRun: false,
    });
    assert.deepEqual(filesWith(box.root, 'tellnobody'), []);
    assert.deepEqual(await lib.jsonLines(['search', 'tellnobody']), []);
    assert.equal((await lib.jsonLines(['search', 'stays'])).length, 1);
    assert.equal(((await lib.json(['listen'])) as { content: string }).content, 'stays two');
    assert.equal((await app.run('purge', '--older-than', 'long')).code, 2);
    // A damaged index is no reason for anybody to notice.
    const { place } = box;
    const { holder } = JSON.parse(readFileSync(place.state, 'utf8')) as { holder: { pid: number } };
    process.kill(holder.pid, 'SIGTERM');
    await waitFor(() => !existsSync(place.state), { what: 'the end of the daemon' });
    writeFileSync(place.searchIndex, 'x'.repeat(10_000));
    assert.equal((await lib.jsonLines(['search', 'stays'])).length, 1);
  });
});
