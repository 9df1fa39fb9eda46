import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { suite, test } from 'node:test';
import { hostKey, identityOf, livenessOf, parentOf, thisProcess } from '../../../src/lib/process-identity.ts';
import { waitFor } from '../../../src/testing/wait-for.ts';

const MODULE = import.meta.resolve('../../../src/lib/process-identity.ts');
const linux = process.platform === 'linux' ? false : 'start times and zombies are told on Linux only';

suite('process identity', () => {
  test('this process is alive, and its identity is the one that others read', () => {
    assert.equal(livenessOf(thisProcess()), 'alive');
    assert.deepEqual(identityOf(process.pid), thisProcess());
    assert.match(hostKey(), /^[0-9a-f]{8}$/);
  });

  test('the same pid with another start time is another process, so the first one is dead', {
    skip: linux,
  }, () => {
    assert.equal(livenessOf({ ...thisProcess(), start: '1' }), 'dead');
  });

  test('where the system tells no start times, a pid of before the boot says nothing, also when it was given again', () => {
    const script = `
      Object.defineProperty(process, 'platform', { value: 'darwin' });
      const { identityOf, livenessOf, thisProcess } = await import(${JSON.stringify(MODULE)});
      const self = thisProcess();
      const parent = { ...self, pid: process.ppid };
      const before = String(Math.round(Date.now() / 1000 - (await import('node:os')).uptime() - 3600));
      console.log(JSON.stringify([
        [self, identityOf(process.pid), identityOf(process.ppid), parent, { ...parent, start: before }].map(livenessOf),
        livenessOf({ ...self, pid: 999999999, start: before }),
        Math.abs(Number(self.start) - Date.now() / 1000) < 60,
      ]));`;
    const args = ['--input-type=module', '-e', script];
    const told = execFileSync(process.execPath, args, { encoding: 'utf8', env: {} });
    assert.deepEqual(JSON.parse(told), [['alive', 'alive', 'alive', 'alive', 'unknown'], 'dead', true]);
  });

  test('a pid of another boot or container says nothing', () => {
    assert.equal(livenessOf({ ...thisProcess(), host: '00000000' }), 'unknown');
    assert.equal(livenessOf({ pid: 999_999_999, start: '1', host: '00000000' }), 'unknown');
  });

  test('a process that has ended is dead and has no identity', async () => {
    const child = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)'], { stdio: 'ignore' });
    const identity = identityOf(child.pid ?? 0);
    assert.ok(identity !== undefined);
    assert.equal(livenessOf(identity), 'alive');
    assert.equal(parentOf(identity.pid), process.platform === 'linux' ? process.pid : undefined);
    child.kill('SIGKILL');
    await once(child, 'exit');
    assert.equal(livenessOf(identity), 'dead');
    assert.equal(identityOf(identity.pid), undefined);
  });

  test('a zombie, which only waits for its parent to look, counts as dead', { skip: linux }, async (t) => {
    // The shell starts a child, becomes a sleep that never waits for it, and says the child's pid first.
    const parent = spawn('/bin/sh', ['-c', 'sleep 0.05 & echo $!; exec sleep 30'], {
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    t.after(() => parent.kill('SIGKILL'));
    const [line] = (await once(parent.stdout, 'data')) as [Buffer];
    const zombie = { ...thisProcess(), pid: Number(line.toString().trim()), start: '0' };
    await waitFor(() => livenessOf(zombie) === 'dead', { what: 'the zombie to count as dead' });
    assert.doesNotThrow(() => process.kill(zombie.pid, 0), 'it is still in the process table');
    assert.equal(identityOf(zombie.pid), undefined);
    parent.kill('SIGKILL');
    await once(parent, 'exit');
  });
});
