import assert from 'node:assert/strict';
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { suite, type TestContext, test } from 'node:test';
import { SeatHold } from '../../../../src/directory/seat-hold.ts';
import { writeSeatRecord } from '../../../../src/directory/seat-record.ts';
import { createSeat, freshRecord } from '../../../../src/directory/take-seat.ts';
import { copiesFolder } from '../../../../src/installer/setup/plugin-copy.ts';
import { planUninstall, runUninstall } from '../../../../src/installer/uninstall/uninstall.ts';
import { systemClock } from '../../../../src/lib/clock.ts';
import { thisProcess } from '../../../../src/lib/process-identity.ts';
import { post } from '../../../../src/mailbox/post.ts';
import { openRoot, type SeatFolder } from '../../../../src/mailbox/seat-folder.ts';
import type { SeatRecord } from '../../../../src/protocol/seat.ts';
import { type FakeClaude, fakeClaude } from '../../../fixtures/fake-claude.ts';
import { filesBelow } from '../../../fixtures/temp-root.ts';

const PLUGIN = { id: 'cahoots@cahoots', version: '1.0.0', scope: 'user', enabled: true };
const MARKETPLACE = { name: 'cahoots', source: 'directory', path: '/somewhere' };

interface Mailboxes extends FakeClaude {
  readonly app: SeatFolder;
  readonly library: SeatFolder;
}

/** A root with two shell seats, a message between them, and a session and a file of others. */
function mailboxes(t: TestContext): Mailboxes {
  const fake = fakeClaude(t);
  openRoot(fake.root);
  const seat = (name: string): SeatFolder => makeSeat(fake, name).folder;
  const [app, library] = [seat('app'), seat('library')];
  const metadata = { fromName: 'app' };
  post({ root: fake.root, clock: systemClock }, app, {
    to: library.id,
    type: 'note',
    content: 'hi',
    metadata,
  });
  const v1 = join(fake.root, 'sessions', 'v1aaaa');
  mkdirSync(join(v1, 'inbox'), { recursive: true });
  writeFileSync(join(v1, 'manifest.json'), '{"sessionId":"v1aaaa"}');
  writeFileSync(join(fake.root, 'notes.txt'), 'mine');
  return Object.assign(fake, { app, library });
}

function makeSeat(
  { root }: FakeClaude,
  name: string,
  changes: Partial<SeatRecord> = {},
): { folder: SeatFolder; record: SeatRecord } {
  const request = { clock: systemClock, version: '1.0.0', projectPath: `/projects/${name}` };
  const made = createSeat(root, (id) => freshRecord(request, id, { name, kind: 'shell' }));
  writeSeatRecord(made.folder, { ...made.record, ...changes });
  return made;
}

async function uninstall(fake: FakeClaude, mail = false): Promise<string[]> {
  const plan = await planUninstall(fake.context, { mail });
  const { failed } = await runUninstall(plan);
  assert.deepEqual(failed, []);
  return fake.commands();
}

suite('uninstall', () => {
  test('takes plugin and marketplace out by the commands of Claude Code, and our copies and caches', async (t) => {
    const fake = mailboxes(t);
    fake.setPlugins([PLUGIN]);
    fake.setMarketplaces([MARKETPLACE]);
    const cache = join(fake.home, '.cache', 'cahoots', 'compile-cache');
    const copy = join(copiesFolder(fake.home), '1.0.0-0123456789abcdef', 'plugin');
    for (const folder of [cache, copy]) mkdirSync(folder, { recursive: true });
    const before = filesBelow(fake.root);
    assert.deepEqual(await uninstall(fake), [
      'plugin uninstall cahoots@cahoots --scope user',
      'plugin marketplace remove cahoots',
    ]);
    assert.equal(existsSync(join(fake.home, '.cache', 'cahoots')), false);
    assert.equal(existsSync(join(copiesFolder(fake.home), '..')), false);
    assert.deepEqual(filesBelow(fake.root), before);
  });

  test('lists unread mail seat by seat with its senders, and says where the mailboxes stay', async (t) => {
    const fake = mailboxes(t);
    const plan = await planUninstall(fake.context, { mail: false });
    assert.deepEqual(plan.unread, [
      { seat: fake.library.id, name: 'library', path: '/projects/library', count: 1, from: ['app'] },
    ]);
    assert.match(plan.kept.join('\n'), new RegExp(`mailboxes stay in ${fake.root}`));
    assert.deepEqual(plan.steps, []);
  });

  test('with the mail, everything of ours goes from the root and nothing else [M6]', async (t) => {
    const fake = mailboxes(t);
    for (const name of ['trust.json', 'settings.json']) writeFileSync(join(fake.root, name), '{}');
    const wake = join(fake.root, 'wake', '0123abcd-99-1');
    mkdirSync(wake, { recursive: true });
    writeFileSync(join(wake, 'armed'), '');
    mkdirSync(join(fake.root, 'seats', 'not-a-seat'));
    await uninstall(fake, true);
    assert.deepEqual(filesBelow(fake.root), ['notes.txt', 'sessions/v1aaaa/manifest.json']);
    assert.deepEqual(readdirSync(fake.root).sort(), ['notes.txt', 'seats', 'sessions']);
    assert.deepEqual(readdirSync(join(fake.root, 'seats')), ['not-a-seat']);
    assert.equal(
      readFileSync(join(fake.root, 'sessions', 'v1aaaa', 'manifest.json'), 'utf8'),
      '{"sessionId":"v1aaaa"}',
    );
  });

  test('a root in which nothing else was is gone with the mail', async (t) => {
    const fake = fakeClaude(t);
    openRoot(fake.root);
    makeSeat(fake, 'app');
    await uninstall(fake, true);
    assert.equal(existsSync(fake.root), false);
    const plan = await planUninstall(fake.context, { mail: true });
    assert.deepEqual([plan.steps, plan.unread, plan.kept], [[], [], []]);
  });

  test('mail is not removed under a session that sits on its seat', async (t) => {
    const fake = mailboxes(t);
    const holder = thisProcess();
    makeSeat(fake, 'live', { kind: 'live', state: 'idle', holder });
    await assert.rejects(planUninstall(fake.context, { mail: true }), {
      code: 'seat-held',
      message: /live \(\w{6}\): their mail cannot be removed/,
    });
    const { kept } = await planUninstall(fake.context, { mail: false });
    assert.match(kept.join('\n'), /A session is here, live/);
  });

  test('[M1] mail is not removed under a session that sat down after the plan was made; the other seats go', async (t) => {
    const fake = mailboxes(t);
    const { folder, record } = makeSeat(fake, 'live', { kind: 'live' });
    const waiting = makeSeat(fake, 'waiting');
    const plan = await planUninstall(fake.context, { mail: true });
    assert.ok(SeatHold.acquire(folder, { process: thisProcess(), conversation: 'c' }));
    writeSeatRecord(waiting.folder, { ...waiting.record, holder: thisProcess() });
    post({ root: fake.root, clock: systemClock }, fake.app, {
      to: folder.id,
      type: 'note',
      content: 'for the session',
      metadata: {},
    });
    const { failed } = await runUninstall(plan);
    assert.equal(failed.length, 1);
    assert.match(failed[0]?.reason ?? '', new RegExp(record.name));
    assert.deepEqual(
      [folder, waiting.folder, fake.app, fake.library].map(({ path }) => existsSync(path)),
      [true, true, false, false],
    );
    assert.equal(readdirSync(folder.inbox).length, 1);
  });

  test('locks that a killed process left go with the mail', async (t) => {
    const fake = fakeClaude(t);
    openRoot(fake.root);
    makeSeat(fake, 'app');
    const mark = '1~1~00000000~abcdefgh';
    writeFileSync(join(fake.root, '.names-lock'), mark);
    for (const name of ['.names-lock', '.shell-seat-lock', '.trust-lock'])
      writeFileSync(join(fake.root, `${name}-takeover~${mark}`), '');
    await uninstall(fake, true);
    assert.equal(existsSync(fake.root), false);
  });

  test('a link in the place of a folder of ours is not followed', async (t) => {
    const fake = mailboxes(t);
    const precious = join(fake.home, 'precious');
    mkdirSync(precious);
    writeFileSync(join(precious, '2026-01-01.jsonl'), 'keep me');
    rmSync(join(fake.root, 'log'), { recursive: true });
    symlinkSync(precious, join(fake.root, 'log'));
    const plan = await planUninstall(fake.context, { mail: true });
    await runUninstall(plan);
    assert.equal(readFileSync(join(precious, '2026-01-01.jsonl'), 'utf8'), 'keep me');
  });

  test('works when Claude Code is gone, and says what its settings still name', async (t) => {
    const fake = mailboxes(t);
    mkdirSync(join(copiesFolder(fake.home), '1.0.0-0123456789abcdef'), { recursive: true });
    mkdirSync(join(fake.home, '.claude'), { recursive: true });
    const settings = join(fake.home, '.claude', 'settings.json');
    writeFileSync(settings, '{"enabledPlugins":{"cahoots@cahoots":true}}');
    const paths = { ...fake.context.paths, env: { PATH: '/nowhere' } };
    const plan = await planUninstall({ ...fake.context, paths }, { mail: false });
    assert.match(plan.kept.join('\n'), /Claude Code is gone.*still name the plugin/);
    assert.deepEqual((await runUninstall(plan)).failed, []);
    assert.equal(existsSync(copiesFolder(fake.home)), false);
    assert.deepEqual(fake.commands(), []);
  });

  test('what an unfinished installation left in the settings is taken out by adding and removing the marketplace', async (t) => {
    const fake = fakeClaude(t);
    mkdirSync(join(fake.home, '.claude'), { recursive: true });
    writeFileSync(join(fake.home, '.claude', 'settings.json'), '{"enabledPlugins":{"cahoots@cahoots":true}}');
    assert.deepEqual(await uninstall(fake), [
      `plugin marketplace add ${fake.packageRoot}`,
      'plugin marketplace remove cahoots',
    ]);
  });

  test('a marketplace from which somebody installed another plugin stays, and so does a plugin of a project', async (t) => {
    const fake = fakeClaude(t);
    fake.setMarketplaces([MARKETPLACE]);
    fake.setPlugins([PLUGIN, { ...PLUGIN, scope: 'project' }, { ...PLUGIN, id: 'other@cahoots' }]);
    const { kept } = await planUninstall(fake.context, { mail: false });
    assert.match(kept.join('\n'), /The marketplace "cahoots" stays: other@cahoots/);
    assert.match(kept.join('\n'), /also installed with scope project/);
    assert.deepEqual(await uninstall(fake), ['plugin uninstall cahoots@cahoots --scope user']);
  });

  test('a command that fails is told, and the rest is removed all the same', async (t) => {
    const fake = mailboxes(t);
    fake.setPlugins([PLUGIN]);
    fake.failOn('plugin uninstall');
    mkdirSync(join(copiesFolder(fake.home), '1.0.0-0123456789abcdef'), { recursive: true });
    const plan = await planUninstall(fake.context, { mail: false });
    const { removed, failed } = await runUninstall(plan);
    assert.match(failed[0]?.reason ?? '', /no luck today/);
    assert.equal(removed.length, 2);
    assert.equal(existsSync(copiesFolder(fake.home)), false);
  });
});
