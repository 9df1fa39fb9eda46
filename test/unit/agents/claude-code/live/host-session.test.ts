import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite, type TestContext, test } from 'node:test';
import { HostSession, wakeFilesOf } from '../../../../../src/agents/claude-code/live/host-session.ts';
import { thisProcess } from '../../../../../src/lib/process-identity.ts';
import { waitFor } from '../../../../../src/testing/wait-for.ts';
import { fakeHost } from '../../../attendant/fake-host.ts';

suite('the conversation that a session shows', () => {
  test('is the one in the host’s registry, before that the one that the environment names', (t) => {
    const host = fakeHost(t);
    rmSync(host.registryFile);
    assert.equal(host.session().conversation, 'c-1');
    host.register({ sessionId: 'c-2' });
    assert.equal(host.session().conversation, 'c-2');
  });

  test('is the one that a hook just named where the registry is late', (t) => {
    const host = fakeHost(t);
    const session = host.session();
    session.learn({ conversation: 'c-cleared' });
    assert.equal(session.conversation, 'c-cleared');
  });

  test('stays what it was when the registry is read in the middle of a write, or is gone', (t) => {
    const host = fakeHost(t, { conversation: 'c-old' });
    const session = host.session();
    host.register({ sessionId: 'c-new', status: 'busy' });
    assert.deepEqual([session.conversation, session.status], ['c-new', 'busy']);
    for (const torn of ['', '{"sessionId":"c-o', 'null', '[]']) {
      writeFileSync(host.registryFile, torn);
      assert.deepEqual([session.conversation, session.status], ['c-new', 'busy'], JSON.stringify(torn));
    }
    rmSync(host.registryFile);
    assert.equal(session.conversation, 'c-new');
  });

  test('has a name of its own also where the host says nothing', (t) => {
    const host = fakeHost(t, { env: { CLAUDE_CODE_SESSION_ID: undefined } });
    rmSync(host.registryFile);
    assert.equal(host.session().conversation, `pid-${host.pid}`);
  });
});

suite('what the session is doing', () => {
  for (const [status, expected] of [
    ['idle', 'idle'],
    ['busy', 'busy'],
    ['waiting', 'waiting'],
    ['shell', 'idle'],
    ['something new', 'unknown'],
    [undefined, 'unknown'],
  ] as const) {
    test(`is ${expected} where the registry says ${String(status)}`, (t) => {
      const host = fakeHost(t);
      host.register({ status });
      assert.equal(host.session().status, expected);
    });
  }
});

suite('the record of the conversation', () => {
  test('is where a hook says, as long as the conversation is that one', (t) => {
    const host = fakeHost(t);
    const session = host.session();
    session.learn({ transcript: '/elsewhere/c-1.jsonl' });
    assert.equal(session.transcript, '/elsewhere/c-1.jsonl');
    host.register({ sessionId: 'c-2' });
    assert.equal(session.transcript, host.transcript('c-2').path);
  });

  test('is else in the folder that is named after the project', (t) => {
    const host = fakeHost(t, { project: 'my lib_2.0' });
    assert.equal(host.session().transcript, host.transcript().path);
    assert.match(host.session().transcript, /-my-lib-2-0\/c-1\.jsonl$/);
  });
});

suite('the permission class of a session', () => {
  test('follows the mode that the last hook told; only skipped permissions are another class', (t) => {
    const session = fakeHost(t).session();
    for (const mode of ['default', 'plan', 'acceptEdits', 'auto', 'dontAsk', 'manual', 'something-new']) {
      session.learn({ permissionMode: mode });
      assert.deepEqual([session.permissionMode, session.permissionClass], [mode, 'asks']);
    }
    session.learn({ permissionMode: 'bypassPermissions' });
    assert.equal(session.permissionClass, 'bypasses');
    session.learn({ permissionMode: '' });
    assert.equal(session.permissionClass, 'bypasses', 'a hook that does not say changes nothing');
  });

  test('is at the start what the command line says, else what the person’s settings say', async (t) => {
    const host = fakeHost(t);
    const classWith = async (...args: string[]): Promise<string> => {
      const pid = await startSleeper(t, args);
      return new HostSession({ config: host.config, claudePid: pid }).permissionMode;
    };
    assert.equal(await classWith(), 'default');
    assert.equal(await classWith('--dangerously-skip-permissions'), 'bypassPermissions');
    assert.equal(await classWith('--permission-mode', 'bypassPermissions'), 'bypassPermissions');
    assert.equal(await classWith('--permission-mode=plan'), 'plan');
    host.settings({ permissions: { defaultMode: 'bypassPermissions' } });
    assert.equal(await classWith(), 'bypassPermissions');
    assert.equal(await classWith('--permission-mode', 'plan'), 'plan');
  });

  test('of a process that is gone is what the settings say', (t) => {
    const host = fakeHost(t);
    assert.equal(new HostSession({ config: host.config, claudePid: 2 ** 22 }).permissionMode, 'default');
  });
});

suite('the host’s rule for messages of other sessions', () => {
  test('is read through a link too, as dotfile managers make it', (t) => {
    const host = fakeHost(t);
    host.settings({ crossSessionInbound: 'refuse' });
    const settings = join(host.config.claudeConfigDir, 'settings.json');
    renameSync(settings, `${settings}.real`);
    symlinkSync(`${settings}.real`, settings);
    assert.equal(host.session().inboundRule, 'refuse');
  });

  test('is the person’s own, and parity where they set none or none that is known', (t) => {
    const host = fakeHost(t);
    assert.equal(host.session().inboundRule, 'parity');
    for (const rule of ['accept', 'hold', 'refuse'] as const) {
      host.settings({ crossSessionInbound: rule });
      assert.equal(host.session().inboundRule, rule);
    }
    for (const value of ['ACCEPT', true, { default: 'accept' }, null]) {
      host.settings({ crossSessionInbound: value });
      assert.equal(host.session().inboundRule, 'parity');
    }
  });

  test('[S2] keeps back on the inbox socket who skips permissions where this session asks, and all where it says so', (t) => {
    const host = fakeHost(t);
    const keptBack = (): boolean[] =>
      (['prompting', 'bypass'] as const).map((mode) => session.keepsBack(mode));
    const session = host.session();
    session.learn({ permissionMode: 'default' });
    assert.deepEqual(keptBack(), [false, true]);
    session.learn({ permissionMode: 'bypassPermissions' });
    assert.deepEqual(keptBack(), [false, false]);
    for (const [rule, expected] of [
      ['accept', false],
      ['hold', true],
      ['refuse', true],
    ] as const) {
      host.settings({ crossSessionInbound: rule });
      assert.deepEqual(keptBack(), [expected, expected]);
    }
  });

  test('[X1] is not taken from the settings of a project', (t) => {
    const host = fakeHost(t);
    host.settings({ crossSessionInbound: 'hold' });
    writeFileSync(join(host.project, 'settings.json'), JSON.stringify({ crossSessionInbound: 'accept' }));
    assert.equal(host.session().inboundRule, 'hold');
  });
});

suite('the inbox socket of a session', () => {
  const socket = (name: string): Record<string, string> => ({
    CLAUDE_CODE_MESSAGING_SOCKET: `/run/user/1000/cc-socks/${name}.sock`,
    CLAUDE_CODE_MESSAGING_TOKEN: 'token',
  });

  test('is the one that carries its host’s process id, or that its host’s registry names', (t) => {
    const own = fakeHost(t, { env: socket(String(process.pid)) });
    assert.deepEqual(own.session().inboxSocket, {
      path: `/run/user/1000/cc-socks/${process.pid}.sock`,
      token: 'token',
    });
    const named = fakeHost(t, { env: socket('custom') });
    assert.equal(named.session().inboxSocket, undefined);
    named.register({ messagingSocketPath: '/run/user/1000/cc-socks/custom.sock' });
    assert.equal(named.session().inboxSocket?.path, '/run/user/1000/cc-socks/custom.sock');
  });

  test('[S2] is never one that was inherited from another session, in whose shell this one was started', (t) => {
    for (const name of ['1', `${process.pid}0`, `0${process.pid}`, 'x']) {
      assert.equal(fakeHost(t, { env: socket(name) }).session().inboxSocket, undefined, name);
    }
  });

  test('is none where the environment names none', (t) => {
    assert.equal(fakeHost(t).session().inboxSocket, undefined);
    assert.equal(fakeHost(t, { env: { CLAUDE_CODE_MESSAGING_SOCKET: '' } }).session().inboxSocket, undefined);
  });
});

suite('which sessions have a seat by themselves', () => {
  test('[S1] one that a person opened has; one-shot and SDK sessions have not', (t) => {
    const interactive = (entrypoint: string | undefined): boolean =>
      fakeHost(t, { env: { CLAUDE_CODE_ENTRYPOINT: entrypoint } }).session().takesSeat;
    assert.equal(interactive('cli'), true);
    for (const entrypoint of ['sdk-cli', 'sdk-ts', 'sdk-py', '', undefined])
      assert.equal(interactive(entrypoint), false);
  });

  test('one that our daemon started is known as such', (t) => {
    assert.equal(fakeHost(t).session().isManaged, false);
    assert.equal(fakeHost(t, { env: { CAHOOTS_MANAGED: '1' } }).session().isManaged, true);
  });
});

test('attendant and hook find the same wake files without talking', (t) => {
  const host = fakeHost(t);
  assert.deepEqual(host.session().wakeFiles, wakeFilesOf(host.root, thisProcess()));
  const { trigger, payload, armed } = host.session().wakeFiles;
  assert.match(trigger, new RegExp(`/wake/[0-9a-f]{8}-${host.pid}-\\d+/cahoots-wake$`));
  assert.equal(new Set([trigger, payload, armed].map((file) => join(file, '..'))).size, 1);
});

/** A process that does nothing, with these words on its command line. */
async function startSleeper(t: TestContext, args: readonly string[]): Promise<number> {
  const child = spawn(process.execPath, ['-e', 'process.stdin.resume()', '--', 'x', ...args], {
    stdio: ['pipe', 'ignore', 'ignore'],
  });
  t.after(() => child.kill('SIGKILL'));
  return await waitFor(() => child.pid, { what: 'the process' });
}
