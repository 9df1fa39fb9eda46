import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { suite, test } from 'node:test';
import { identityOf, livenessOf } from '../../../src/lib/process-identity.ts';
import { daemonBox, managedBox } from '../../fixtures/managed-box.ts';

interface Status {
  readonly running: boolean;
  readonly pid: number | null;
  readonly version: string | null;
  readonly sessions: number | null;
  readonly log: string;
}

suite('daemon', () => {
  test('status starts none; start does, once; stop waits until it is gone', async (t) => {
    const shell = daemonBox(t).bareShell('app');
    const none = (await shell.json(['daemon', 'status'])) as Status;
    assert.deepEqual([none.running, none.pid, existsSync(none.log)], [false, null, false]);
    assert.match((await shell.run('daemon', 'stop')).stderr, /^No daemon runs\.$/m);
    assert.match((await shell.run('daemon', 'logs')).stderr, /^There is no log yet/);
    const started = (await shell.json(['daemon', 'start'])) as Status;
    const identity = identityOf(started.pid ?? 0);
    const again = (await shell.json(['daemon', 'start'])) as Status;
    assert.deepEqual([started.running, again.pid], [true, started.pid]);
    const [entry] = (await shell.jsonLines(['daemon', 'logs', '--limit', '1'])) as [{ event: string }];
    assert.equal(entry.event, 'daemon:started');
    const stopped = (await shell.json(['daemon', 'stop'])) as Status;
    assert.equal(stopped.running, false);
    assert.equal(identity && livenessOf(identity), 'dead');
  });

  test('costs mail nothing: what speaks with it is not even loaded', async (t) => {
    const box = await managedBox(t);
    const shell = await box.shell('app');
    const told =
      "process.on('exit', () => console.error(process.moduleLoadList.includes('NativeModule http')))";
    const env = { NODE_OPTIONS: `--import "data:text/javascript,${encodeURIComponent(told)}"` };
    for (const [words, loads] of [
      [['peers'], false],
      [['inbox'], false],
      [['send', 'nobody', 'x'], false],
      [['list'], true],
    ] as const) {
      const { stderr } = await shell.start(words, { env }).ended;
      assert.equal(stderr.trimEnd().split('\n').at(-1), String(loads), words[0]);
    }
  });

  test('stop leaves it when sessions run, and takes them with it by force', async (t) => {
    const box = await managedBox(t);
    const shell = box.bareShell('app');
    await shell.json(['spawn', 'worker', '--prompt', 'HANG']);
    const refused = await shell.run('daemon', 'stop');
    assert.deepEqual([refused.code, refused.stdout], [5, '']);
    assert.match(refused.stderr, /^1 managed session runs in the daemon\. .*cahoots daemon stop --force$/m);
    const status = (await shell.json(['daemon', 'status'])) as Status;
    assert.deepEqual([status.running, status.sessions, status.pid], [true, 1, box.daemon.pid]);
    assert.match((await shell.run('daemon', 'stop', '--force')).stderr, /has ended\.$/m);
    assert.equal((await box.daemon.ended).code, 0);
  });
});

suite('uninstall', () => {
  test('ends the daemon with its sessions, and keeps what is known of them [D3]', async (t) => {
    const box = await managedBox(t);
    const shell = box.bareShell('app');
    await shell.run('spawn', 'worker', '--prompt', 'HANG');
    const planned = await shell.run('uninstall', '--dry-run');
    assert.match(planned.stdout, /the daemon \(process \d+\), which stops 1 managed session and ends/);
    const { pid } = (await shell.json(['daemon', 'status'])) as Status;
    const identity = identityOf(pid ?? 0);
    const done = await shell.run('uninstall', '--yes');
    assert.equal(done.code, 0, done.stderr);
    assert.equal(identity && livenessOf(identity), 'dead');
    assert.ok(existsSync(box.place.database));
  });

  test('with --mail removes the daemon’s files, also when a session of it sits on a seat', async (t) => {
    const box = await managedBox(t);
    const shell = box.bareShell('app');
    await shell.run('spawn', 'worker');
    const done = await shell.run('uninstall', '--mail', '--yes');
    assert.equal(done.code, 0, done.stderr + done.stdout);
    assert.equal(existsSync(box.place.folder), false);
  });
});
