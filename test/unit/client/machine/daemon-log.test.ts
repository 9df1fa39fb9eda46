import assert from 'node:assert/strict';
import { appendFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite, test } from 'node:test';
import { daemonLog, followDaemonLog } from '../../../../src/client/machine/daemon-log.ts';
import { waitFor } from '../../../../src/testing/index.ts';
import { tempFolder } from '../../../fixtures/temp-root.ts';

suite('the log of the daemon', () => {
  test('is shown from its end, whole lines only', (t) => {
    const log = join(tempFolder(t), 'daemon.log');
    assert.deepEqual(daemonLog({ log }, { limit: 5 }), []);
    writeFileSync(log, 'one\ntwo ü\nthr');
    assert.deepEqual(daemonLog({ log }, { limit: 5 }), ['one', 'two ü']);
    assert.deepEqual(daemonLog({ log }, { limit: 1 }), ['two ü']);
    const line = 'x'.repeat(1023);
    writeFileSync(log, `${line}\n`.repeat(5 * 1024));
    const shown = daemonLog({ log }, { limit: 10_000 });
    assert.deepEqual([shown.length, new Set(shown).size], [4 * 1024 - 1, 1]);
  });

  test('is followed also into the file that follows on it, until the signal aborts', async (t) => {
    const folder = tempFolder(t);
    const log = join(folder, 'daemon.log');
    writeFileSync(log, 'one\ntwo\n');
    const stop = new AbortController();
    const seen: string[] = [];
    const following = (async () => {
      for await (const lines of followDaemonLog({ folder, log }, { limit: 1, signal: stop.signal }))
        seen.push(...lines);
    })();
    const has = async (line: string): Promise<void> =>
      void (await waitFor(() => seen.includes(line), {
        what: `the line ${line}`,
        explain: () => seen.join(),
      }));
    await has('two');
    appendFileSync(log, 'thr');
    appendFileSync(log, 'ee\n');
    await has('three');
    renameSync(log, `${log}.1`);
    writeFileSync(log, 'four\n');
    await has('four');
    stop.abort();
    await following;
    assert.deepEqual(seen, ['two', 'three', 'four']);
  });
});
