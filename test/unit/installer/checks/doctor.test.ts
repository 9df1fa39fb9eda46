import assert from 'node:assert/strict';
import {
  chmodSync,
  chownSync,
  existsSync,
  mkdirSync,
  readdirSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { suite, type TestContext, test } from 'node:test';
import { writeSeatRecord } from '../../../../src/directory/seat-record.ts';
import { createSeat, freshRecord } from '../../../../src/directory/take-seat.ts';
import type { Check } from '../../../../src/installer/checks/check.ts';
import { type Diagnosis, diagnose } from '../../../../src/installer/checks/doctor.ts';
import { copyOf } from '../../../../src/installer/setup/plugin-copy.ts';
import { systemClock } from '../../../../src/lib/clock.ts';
import { hostKey } from '../../../../src/lib/process-identity.ts';
import { claimPath } from '../../../../src/mailbox/claim-name.ts';
import { post } from '../../../../src/mailbox/post.ts';
import { recordState } from '../../../../src/mailbox/receipts.ts';
import { openRoot, type SeatFolder } from '../../../../src/mailbox/seat-folder.ts';
import type { MessageId } from '../../../../src/protocol/ids.ts';
import type { SeatRecord } from '../../../../src/protocol/seat.ts';
import { type FakeClaude, fakeClaude, makePackage } from '../../../fixtures/fake-claude.ts';
import { deadProcess } from '../../../fixtures/temp-root.ts';

/** A machine on which everything is in order: a host with our plugin, Node on the PATH, and a mailbox root. */
function soundMachine(t: TestContext): FakeClaude {
  const fake = fakeClaude(t);
  openRoot(fake.root);
  const path = copyOf(fake.home, fake.packageRoot);
  makePackage(path, { version: '1.0.0' });
  fake.setMarketplaces([{ name: 'cahoots', source: 'directory', path }]);
  fake.setPlugins([{ id: 'cahoots@cahoots', version: '1.0.0', scope: 'user', enabled: true }]);
  const { paths } = fake.context;
  const env = { ...paths.env, PATH: `${dirname(process.execPath)}:${paths.env['PATH']}` };
  return { ...fake, context: { ...fake.context, paths: { ...paths, env } } };
}

function seat({ root }: FakeClaude, name: string, changes: Partial<SeatRecord> = {}): SeatFolder {
  const request = { clock: systemClock, version: '1.0.0', projectPath: `/projects/${name}` };
  const { folder, record } = createSeat(root, (id) => freshRecord(request, id, { name, kind: 'shell' }));
  writeSeatRecord(folder, { ...record, ...changes });
  return folder;
}

async function look(
  { context }: FakeClaude,
  fix = false,
): Promise<Diagnosis & { get: (id: string) => Check }> {
  const diagnosis = await diagnose(context, { fix });
  const get = (id: string): Check => {
    const found = diagnosis.checks.find((check) => check.id === id);
    assert.ok(found, `no check ${id} among ${diagnosis.checks.map((check) => check.id).join(', ')}`);
    return found;
  };
  return { ...diagnosis, get };
}

function notOk({ checks }: Diagnosis): string[] {
  return checks.filter(({ state }) => state !== 'ok').map(({ id, state }) => `${state} ${id}`);
}

suite('doctor', () => {
  test('finds nothing wrong on a sound machine, changes nothing, and leaves nothing behind', async (t) => {
    const fake = soundMachine(t);
    seat(fake, 'app');
    const before = readdirSync(fake.root, { recursive: true, encoding: 'utf8' }).sort();
    const found = await look(fake);
    assert.deepEqual(notOk(found), []);
    assert.equal(found.ok, true);
    assert.deepEqual(
      found.checks.map(({ id }) => id),
      'node claude delivery plugin root modes storage watch settings mail leftovers sessions'.split(' '),
    );
    assert.deepEqual(readdirSync(fake.root, { recursive: true, encoding: 'utf8' }).sort(), before);
    assert.deepEqual(fake.commands(), []);
  });

  test('a machine on which nothing was set up yet is told what to do', async (t) => {
    const fake = fakeClaude(t);
    const found = await look(fake);
    assert.equal(found.ok, false);
    assert.equal(found.get('plugin').remedy, 'Run: cahoots setup');
    assert.match(found.get('root').what, /does not exist yet/);
    assert.equal(existsSync(fake.root), false);
  });

  test('without a claude the rest is looked at all the same', async (t) => {
    const fake = soundMachine(t);
    const found = await look({ ...fake, context: { ...fake.context, claude: '/no/claude' } });
    assert.deepEqual(notOk(found), ['fail claude']);
    assert.match(found.get('claude').remedy ?? '', /CAHOOTS_CLAUDE/);
  });

  test('a plugin that is off, broken, old or different is told from one that is right', async (t) => {
    const fake = soundMachine(t);
    const right = { id: 'cahoots@cahoots', version: '1.0.0', scope: 'user', enabled: true };
    const stateWith = async (plugin: object): Promise<string> => {
      fake.setPlugins([{ ...right, ...plugin }]);
      const { state, what } = (await look(fake)).get('plugin');
      return `${state}: ${what}`;
    };
    assert.match(await stateWith({ enabled: false }), /^fail: .*not enabled/);
    assert.match(await stateWith({ errors: ['cache-miss'] }), /^fail: .*cannot load the plugin: cache-miss/);
    assert.match(await stateWith({ scope: 'project' }), /^fail: .*scope project only/);
    makePackage(copyOf(fake.home, fake.packageRoot), { version: '1.0.0', extra: 'differently' });
    assert.match(await stateWith({}), /^warn: .*files differ/);
    makePackage(copyOf(fake.home, fake.packageRoot), { version: '0.9.0' });
    assert.match(await stateWith({}), /^warn: .*has version 0\.9\.0, this program 1\.0\.0/);
  });

  test('settings of Claude Code that keep mail out are told', async (t) => {
    const fake = soundMachine(t);
    const write = (text: string): void => writeFileSync(join(fake.home, '.claude', 'settings.json'), text);
    write('{"crossSessionInbound":"refuse"}');
    assert.match((await look(fake)).get('claude-settings').what, /every message of a peer is refused/);
    write('{"disableAllHooks":true}');
    assert.match((await look(fake)).get('claude-settings').what, /disableAllHooks/);
    write('{');
    assert.equal((await look(fake)).get('claude-settings').state, 'fail');
  });

  test('files that others can read are found, and made private by --fix [X1]', async (t) => {
    const fake = soundMachine(t);
    const folder = seat(fake, 'app');
    const v1 = join(fake.root, 'sessions', 'v1aaaa', 'inbox');
    mkdirSync(v1, { recursive: true });
    for (const path of [fake.root, folder.inbox, folder.record, v1]) chmodSync(path, 0o755);
    const found = await look(fake);
    assert.deepEqual(notOk(found), ['warn root', 'warn modes']);
    assert.match(found.get('root').what, /mode 0755, should be 0700/);
    assert.match(found.get('modes').what, /^2 files or folders give rights to others/);
    chmodSync(fake.root, 0o777);
    assert.equal((await look(fake)).get('root').state, 'fail');
    const fixed = await look(fake, true);
    assert.deepEqual(notOk(fixed), []);
    assert.equal(fixed.fixed.length, 3);
    assert.equal(statSync(fake.root).mode & 0o777, 0o700);
    assert.equal(statSync(folder.record).mode & 0o777, 0o600);
    assert.equal(statSync(v1).mode & 0o777, 0o755, 'what is v1’s was touched');
  });

  test('a link where a file of ours should be fails, and --fix does not follow it [X1]', async (t) => {
    const fake = soundMachine(t);
    const folder = seat(fake, 'app');
    const target = join(fake.home, 'target');
    writeFileSync(target, 'secret', { mode: 0o644 });
    symlinkSync(target, join(folder.inbox, 'msg-000000000001.json'));
    const found = await look(fake, true);
    assert.match(found.get('links').what, /msg-000000000001\.json/);
    assert.equal(found.ok, false);
    assert.equal(statSync(target).mode & 0o777, 0o644);
  });

  test('a root, or a file in it, of another user fails [X1]', {
    skip: process.getuid?.() !== 0,
  }, async (t) => {
    const fake = soundMachine(t);
    const folder = seat(fake, 'app');
    chownSync(folder.inbox, 12345, 12345);
    assert.match((await look(fake)).get('owner').what, /belong to another user/);
    chownSync(fake.root, 12345, 12345);
    const found = await look(fake, true);
    assert.equal(found.ok, false);
    assert.match(found.get('root').what, /belongs to user 12345/);
    assert.equal(
      found.checks.some(({ id }) => id === 'sessions'),
      false,
    );
    assert.deepEqual(found.fixed, []);
  });

  test('a file in the place of the root fails', async (t) => {
    const fake = fakeClaude(t);
    mkdirSync(dirname(fake.root), { recursive: true });
    writeFileSync(fake.root, '');
    assert.match((await look(fake)).get('root').what, /no folder/);
  });

  test('settings and verdicts that cannot be read fail', async (t) => {
    const fake = soundMachine(t);
    writeFileSync(join(fake.root, 'settings.json'), '{"keepDays":"long"}', { mode: 0o600 });
    writeFileSync(join(fake.root, 'trust.json'), '{"verdicts"', { mode: 0o600 });
    const found = await look(fake);
    assert.deepEqual(notOk(found), ['fail settings', 'fail trust']);
    assert.match(found.get('settings').what, /keepDays/);
  });

  test('a verdict that this version does not know is named', async (t) => {
    const fake = soundMachine(t);
    const text = '{"verdicts":{"aaaaaa":{"*":"muted","bbbbbb":"blocked"},"cccccc":7}}';
    writeFileSync(join(fake.root, 'trust.json'), text, { mode: 0o600 });
    const found = await look(fake);
    assert.deepEqual(notOk(found), ['warn trust']);
    assert.match(found.get('trust').what, /aaaaaa.*cccccc/);
  });

  test('a seat with mail whose record cannot be read is named', async (t) => {
    const fake = soundMachine(t);
    const [app, library] = [seat(fake, 'app'), seat(fake, 'library')];
    post({ root: fake.root, clock: systemClock }, app, {
      to: library.id,
      type: 'note',
      content: 'hi',
      metadata: {},
    });
    for (const { record } of [app, library]) writeFileSync(record, '');
    const found = await look(fake);
    assert.deepEqual(notOk(found), ['fail records']);
    assert.match(found.get('records').what, new RegExp(library.id));
    assert.doesNotMatch(found.get('records').what, new RegExp(app.id));
  });

  test('mail that is held, was not sent, or was no message is told with what to do', async (t) => {
    const fake = soundMachine(t);
    const [app, library] = [seat(fake, 'app'), seat(fake, 'library')];
    const draft = { to: library.id, type: 'query', content: 'may I?', metadata: {} } as const;
    const held = post({ root: fake.root, clock: systemClock }, app, draft);
    assert.equal((await look(fake)).get('mail').what, '1 message waits in 1 of 2 seats');
    const at = new Date().toISOString();
    recordState(fake.root, held, { state: 'held', at, by: library.id, reason: 'permission class' });
    const owner = { process: deadProcess(), generation: 0 };
    const unsent = 'msg-00000000000a' as MessageId;
    writeFileSync(claimPath(app.sending, { id: unsent, owner }), '{}', { mode: 0o600 });
    mkdirSync(join(app.rejected, 'invalid'), { mode: 0o700 });
    for (const [name, text] of [
      ['torn.json.abcdef', '{'],
      ['torn.json.abcdef.reason', 'not JSON: torn\n'],
    ] as const)
      writeFileSync(join(app.rejected, 'invalid', name), text, { mode: 0o600 });
    const found = await look(fake);
    assert.deepEqual(notOk(found), ['warn mail', 'warn unsent', 'warn rejected']);
    assert.match(found.get('mail').what, new RegExp(`1 message held for you: ${held.id}`));
    assert.match(found.get('unsent').what, /app \w{6} \(1\)/);
    assert.match(found.get('rejected').what, /torn\.json\.abcdef: not JSON: torn/);
    assert.equal(found.ok, true);
  });

  test('what killed processes left is told, and tidied up by --fix without losing mail of v1 [M1]', async (t) => {
    const fake = soundMachine(t);
    const folder = seat(fake, 'app', { kind: 'live', state: 'busy', holder: deadProcess() });
    const facade = join(fake.root, 'sessions', folder.id);
    const fromV1 = join(facade, 'inbox', 'msg-00000000000b.json');
    writeFileSync(fromV1, '{"mail":"of v1"}');
    const { pid, start } = deadProcess();
    const wake = join(fake.root, 'wake', `${hostKey()}-${pid}-${start}`);
    mkdirSync(wake, { recursive: true, mode: 0o700 });
    chmodSync(dirname(wake), 0o700);
    const torn = join(folder.inbox, '.tmp-1-abcdefgh');
    writeFileSync(torn, '', { mode: 0o600 });
    const longAgo = new Date(Date.now() - 2 * 60 * 60 * 1000);
    utimesSync(torn, longAgo, longAgo);
    const found = await look(fake);
    assert.deepEqual(notOk(found), ['warn leftovers']);
    assert.match(found.get('leftovers').what, /1 session ended without a word \(app \w{6}\)/);
    assert.match(found.get('leftovers').what, /1 wake folder .*1 temporary file/);
    const fixed = await look(fake, true);
    assert.equal(fixed.get('leftovers').state, 'ok');
    assert.deepEqual(
      [facade, wake, torn].filter((path) => existsSync(path)),
      [],
    );
    assert.equal(existsSync(join(folder.inbox, 'msg-00000000000b.json')), true);
  });
});
