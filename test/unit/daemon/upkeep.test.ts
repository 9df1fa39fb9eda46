import assert from 'node:assert/strict';
import { lstatSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { suite, test } from 'node:test';
import { IdleWatch } from '../../../src/daemon/life/idle-watch.ts';
import { openLog } from '../../../src/daemon/life/log.ts';
import { CahootsError } from '../../../src/protocol/errors.ts';
import { waitFor } from '../../../src/testing/index.ts';
import { managedDaemon } from '../../fixtures/managed-daemon.ts';
import { tempFolder } from '../../fixtures/temp-root.ts';

suite('the log of the daemon', () => {
  test('is one JSON object a line, that only its user can read', async (t) => {
    const folder = tempFolder(t);
    const log = openLog({ folder, file: 'daemon.log' });
    log.info('session:changed', { state: 'idle' });
    log.fault('mail:fault', new CahootsError('internal', 'It broke.', { remedy: 'Mend it.' }));
    await log.close();
    const path = join(folder, 'daemon.log');
    const lines = readFileSync(path, 'utf8')
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as object);
    assert.partialDeepStrictEqual(lines, [
      { level: 'info', event: 'session:changed', state: 'idle' },
      { level: 'error', event: 'mail:fault', code: 'internal', message: 'It broke. Mend it.' },
    ]);
    assert.equal(lstatSync(path).mode & 0o777, 0o600);
  });

  test('begins a new file when it is large, and keeps three old ones', async (t) => {
    const folder = tempFolder(t);
    const log = openLog({ folder, file: 'daemon.log' });
    const text = 'x'.repeat(100_000);
    for (let count = 0; count < 60 * 5; count += 1) {
      log.info('fault', { text });
      if (count % 20 === 0) await new Promise((resolve) => setTimeout(resolve, 5));
    }
    await log.close();
    const files = readdirSync(folder).sort();
    assert.deepEqual(files, ['daemon.log', 'daemon.log.1', 'daemon.log.2', 'daemon.log.3']);
    for (const file of files) assert.ok(lstatSync(join(folder, file)).size < 8_000_000, file);
  });

  test('has nothing of what sessions are told and say', async (t) => {
    const bench = await managedDaemon(t);
    await bench.spawn('worker');
    await bench.ask('worker', 'a secret question');
    await bench.daemon.end('the test is over');
    const text = readFileSync(bench.place.log, 'utf8');
    assert.match(text, /"event":"daemon:ended"/);
    assert.match(text, /"name":"worker","state":"running"/);
    assert.doesNotMatch(text, /secret|ECHO/);
  });
});

suite('a daemon that has nothing to do', () => {
  const watchFor = (facts: {
    isBusy?: boolean;
    isOurs?: boolean;
  }): { reasons: string[]; stop: () => void } => {
    const reasons: string[] = [];
    const watch = new IdleWatch({
      idleMs: 30,
      isBusy: () => facts.isBusy ?? false,
      isOurs: () => facts.isOurs ?? true,
      onIdle: (reason) => reasons.push(reason),
    });
    return { reasons, stop: () => watch.stop() };
  };

  test('ends after its time, once', async (t) => {
    const { reasons, stop } = watchFor({});
    t.after(stop);
    await waitFor(() => reasons.length > 0, { what: 'the end' });
    await new Promise((resolve) => setTimeout(resolve, 100));
    assert.deepEqual(reasons, ['nothing to do']);
  });

  test('stays while something runs', async (t) => {
    const { reasons, stop } = watchFor({ isBusy: true });
    t.after(stop);
    await new Promise((resolve) => setTimeout(resolve, 150));
    assert.deepEqual(reasons, []);
  });

  test('ends also when it is busy once its place is gone', async (t) => {
    const { reasons, stop } = watchFor({ isBusy: true, isOurs: false });
    t.after(stop);
    await waitFor(() => reasons.length > 0, { what: 'the end' });
    assert.match(reasons[0] ?? '', /its place is gone/);
  });

  test('is asked for its place by what lies there', async (t) => {
    const bench = await managedDaemon(t, { settings: { daemonIdleMinutes: 0.001 } });
    await bench.spawn('worker');
    rmSync(bench.place.state);
    await bench.daemon.ended;
    await assert.rejects(bench.call('GET', '/v1/health'), { code: 'daemon-unreachable' });
  });
});
