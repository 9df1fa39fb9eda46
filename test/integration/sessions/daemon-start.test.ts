import assert from 'node:assert/strict';
import {
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { suite, type TestContext, test } from 'node:test';
import { daemonPlace } from '../../../src/config/daemon-place.ts';
import { claimDaemon } from '../../../src/daemon/life/single-instance.ts';
import { callDaemon, type DaemonAccess, ensureDaemon } from '../../../src/daemon-link/daemon-client.ts';
import { listLiveProcesses } from '../../../src/lib/live-processes.ts';
import { signalProcess } from '../../../src/lib/stop-process.ts';
import type { CahootsError } from '../../../src/protocol/errors.ts';
import type { ManagedSessionRecord } from '../../../src/protocol/managed-session.ts';
import { waitFor } from '../../../src/testing/index.ts';
import { tempFolder } from '../../fixtures/temp-root.ts';

const PROGRAM = join(import.meta.dirname, '../../fixtures/programs/small-daemon.ts');

/** Access to a daemon of a root of its own, which is ended with the test before the folder goes. */
function accessIn(t: TestContext): (version?: string) => DaemonAccess {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), 'daemon-')));
  const root = join(folder, 'root');
  mkdirSync(root, { mode: 0o700 });
  const place = daemonPlace({ root, env: { XDG_RUNTIME_DIR: folder } });
  t.after(async () => {
    // Of several that were started at once, one may come up only when the first has ended: it is the daemon then.
    const allAreGone = async (): Promise<boolean> => {
      const left = await listLiveProcesses({ roots: [], mark: `BRIDGE_DIR=${root}` });
      for (const { pid } of left) signalProcess(pid, 'SIGTERM');
      return left.length === 0;
    };
    await waitFor(allAreGone, { what: 'the end of all daemons', intervalMs: 50 });
    rmSync(folder, { recursive: true });
  });
  const env = { PATH: process.env.PATH ?? '', BRIDGE_DIR: root, XDG_RUNTIME_DIR: folder, TMPDIR: folder };
  return (version = '1.0.0') => ({ place, program: PROGRAM, version, env: { ...env, VERSION: version } });
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

suite('the daemon', () => {
  test('is started by twenty at once: one wins, and all are served by it', async (t) => {
    const access = accessIn(t);
    const healths = await Promise.all(Array.from({ length: 20 }, () => ensureDaemon(access())));
    assert.equal(new Set(healths.map(({ pid }) => pid)).size, 1);
    const state = JSON.parse(readFileSync(access().place.state, 'utf8')) as { holder: { pid: number } };
    assert.equal(state.holder.pid, healths[0]?.pid);
  });

  test('listens where only its user can reach it [X1]', async (t) => {
    const access = accessIn(t);
    await ensureDaemon(access());
    const { socket, folder } = access().place;
    assert.equal(lstatSync(socket).mode & 0o777, 0o600);
    assert.equal(lstatSync(folder).mode & 0o777, 0o700);
    for (const name of readdirSync(folder).filter((file) => file.startsWith('daemon.db')))
      assert.equal(lstatSync(join(folder, name)).mode & 0o777, 0o600, name);
  });

  test('listens elsewhere when the path of the root is too long for a socket', async (t) => {
    const folder = realpathSync(tempFolder(t));
    const long = join(folder, 'x'.repeat(90));
    mkdirSync(long);
    const place = daemonPlace({ root: long, env: { XDG_RUNTIME_DIR: folder } });
    assert.ok(Buffer.byteLength(place.socket) <= 100, place.socket);
    assert.ok(place.socketFolder !== undefined && place.socket.startsWith(place.socketFolder));
    const claim = await claimDaemon(place, { version: '1.0.0', isAnswering: async () => false });
    assert.equal(lstatSync(place.socketFolder).mode & 0o777, 0o700);
    claim?.release();
  });

  test('that was killed is followed by another one, which accounts for its sessions [D4]', async (t) => {
    const access = accessIn(t);
    const first = await ensureDaemon(access());
    await callDaemon(access(), { method: 'POST', path: '/v1/sessions', body: { name: 'worker', cwd: '/' } });
    process.kill(first.pid, 'SIGKILL');
    await waitFor(() => !isAlive(first.pid), { what: 'the end of the first' });
    assert.ok(existsSync(access().place.socket));
    await assert.rejects(
      callDaemon(access(), { method: 'GET', path: '/v1/health' }),
      (error: CahootsError) => error.code === 'daemon-unreachable',
    );
    const [second, third] = await Promise.all([ensureDaemon(access()), ensureDaemon(access())]);
    assert.notEqual(second.pid, first.pid);
    assert.equal(third.pid, second.pid);
    const session = (await callDaemon(access(), {
      method: 'GET',
      path: '/v1/sessions/worker',
    })) as ManagedSessionRecord;
    assert.equal(session.state.state, 'interrupted');
  });

  test('of another version is replaced when it has nothing to do, and else goes on', async (t) => {
    const access = accessIn(t);
    const old = await ensureDaemon(access('1.0.0'));
    await callDaemon(access(), { method: 'POST', path: '/v1/sessions', body: { name: 'worker', cwd: '/' } });
    assert.equal((await ensureDaemon(access('2.0.0'))).pid, old.pid);
    await callDaemon(access(), { method: 'POST', path: '/v1/sessions/worker/stop' });
    const young = await ensureDaemon(access('2.0.0'));
    assert.equal(young.version, '2.0.0');
    assert.notEqual(young.pid, old.pid);
    assert.ok(!isAlive(old.pid));
  });

  test('ends in order at SIGTERM: its sessions are stopped, and nothing of it is left but what it keeps', async (t) => {
    const access = accessIn(t);
    const { pid } = await ensureDaemon(access());
    await callDaemon(access(), { method: 'POST', path: '/v1/sessions', body: { name: 'worker', cwd: '/' } });
    process.kill(pid, 'SIGTERM');
    await waitFor(() => !isAlive(pid), { what: 'its end' });
    const { socket, state, database } = access().place;
    assert.deepEqual([socket, state, database].map(existsSync), [false, false, true]);
    await ensureDaemon(access());
    const session = (await callDaemon(access(), {
      method: 'GET',
      path: '/v1/sessions/worker',
    })) as ManagedSessionRecord;
    assert.equal(session.state.state, 'stopped');
  });

  test('tells its errors to who called as errors of the same code', async (t) => {
    const access = accessIn(t);
    await ensureDaemon(access());
    await assert.rejects(callDaemon(access(), { method: 'GET', path: '/v1/sessions/nobody' }), {
      code: 'session-unknown',
      message: 'There is no managed session "nobody". Start one: cahoots spawn <name>',
      remedy: 'Start one: cahoots spawn <name>',
    });
    const gone = AbortSignal.abort();
    await assert.rejects(callDaemon(access(), { method: 'GET', path: '/v1/sessions', signal: gone }), {
      code: 'cancelled',
    });
  });

  test('is called again and again over one connection, and no call leaves a listener there', async (t) => {
    const access = accessIn(t);
    await ensureDaemon(access());
    // Node warns from the eleventh listener on, and a warning fails this file.
    for (let call = 0; call < 20; call += 1) {
      await callDaemon(access(), { method: 'GET', path: '/v1/health' });
    }
  });

  test('is not started in a folder that is a link, or whose state nobody can read as one [X1]', async (t) => {
    const folder = realpathSync(tempFolder(t));
    const root = join(folder, 'root');
    mkdirSync(join(folder, 'elsewhere'));
    mkdirSync(root);
    symlinkSync(join(folder, 'elsewhere'), join(root, 'daemon'));
    const options = { version: '1.0.0', isAnswering: async () => false };
    await assert.rejects(claimDaemon(daemonPlace({ root, env: {} }), options), { code: 'root-link' });
    const other = daemonPlace({ root: join(folder, 'other'), env: {} });
    mkdirSync(other.folder, { recursive: true, mode: 0o700 });
    writeFileSync(other.state, '{"holder": {"pid": "many"');
    const claim = await claimDaemon(other, options);
    assert.ok(claim !== undefined);
    assert.equal(await claimDaemon(other, options), undefined);
    claim.release();
    claim.release();
    assert.ok(!existsSync(other.state));
    (await claimDaemon(other, options))?.release();
  });
});
