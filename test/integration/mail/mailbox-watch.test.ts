import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite, test } from 'node:test';
import { writeAtomic } from '../../../src/lib/atomic-write.ts';
import { pastPathForWriting } from '../../../src/mailbox/past.ts';
import type { MessageId } from '../../../src/protocol/ids.ts';
import { waitFor } from '../../../src/testing/wait-for.ts';
import { messageText } from '../../fixtures/message-text.ts';
import { startProgram } from '../../fixtures/run-program.ts';
import { tempFolder, tempRoot } from '../../fixtures/temp-root.ts';

/** A user namespace has limits of its own: nobody else runs out of watches. */
const NO_WATCHES = [
  'unshare',
  '--user',
  '--map-root-user',
  'sh',
  '-c',
  'echo 0 > /proc/sys/user/max_inotify_instances && exec "$@"',
  'sh',
];
const namespaces = canLimit() ? false : 'this machine lets nobody make a namespace with limits of its own';

function canLimit(): boolean {
  try {
    execFileSync(NO_WATCHES[0] ?? '', [...NO_WATCHES.slice(1), 'true'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

suite('waiting for mail', () => {
  test('a process for which the system has no watch left polls, says so, and sees the message soon', {
    skip: namespaces,
  }, async (t) => {
    const folder = tempFolder(t);
    const watcher = startProgram(t, 'watch-folder.ts', {
      args: [folder, '1000000', '50'],
      prefix: NO_WATCHES,
    });
    await waitFor(() => watcher.output() !== '', { what: 'the start' });
    assert.match(watcher.output(), /^mode: polling\n/);
    const before = performance.now();
    writeAtomic(join(folder, 'msg.json'), '{}', { flush: false });
    await waitFor(() => watcher.output().includes('["msg.json"]'), {
      what: 'the message to be seen',
      intervalMs: 5,
    });
    assert.ok(performance.now() - before < 5000);
    watcher.kill('SIGTERM');
    await watcher.ended;
  });

  test('another process that waits sees a message within tens of milliseconds', async (t) => {
    const folder = tempFolder(t);
    const watcher = startProgram(t, 'watch-folder.ts', { args: [folder, '1000000', '1000000'] });
    await waitFor(() => watcher.output() !== '', { what: 'the start' });
    assert.match(watcher.output(), /^mode: events\n/);
    const delays: number[] = [];
    for (let i = 0; i < 11; i += 1) {
      const before = performance.now();
      writeAtomic(join(folder, `msg-${i}.json`), '{}', { flush: false });
      await waitFor(() => watcher.output().includes(`"msg-${i}.json"`), {
        what: 'the message',
        intervalMs: 1,
      });
      delays.push(performance.now() - before);
    }
    // On a busy machine some take long; without events none would come at all.
    const quick = delays.sort((a, b) => a - b)[2] ?? 1e9;
    assert.ok(quick < 100, `${quick.toFixed(1)} ms`);
    watcher.kill('SIGTERM');
    await watcher.ended;
  });

  test('[M5] what waits behind thousands of handled messages is found as fast as behind none', (t) => {
    const { seat, inbox, send } = tempRoot(t);
    const [a, b] = [seat('aaaaaa'), seat('bbbbbb')];
    const mine = inbox(b);
    const look = (): number => {
      const times = Array.from({ length: 40 }, () => {
        const before = performance.now();
        assert.equal(mine.pending().length, 1);
        return performance.now() - before;
      });
      return times.sort((x, y) => x - y)[20] ?? 0;
    };
    send(a, b);
    const withNone = look();
    for (let i = 0; i < 3000; i += 1) {
      const id = `msg-${(i * 7919).toString(36).padStart(8, '0')}past` as MessageId;
      for (const folder of [b.read, b.rejected, b.outbox])
        writeFileSync(pastPathForWriting(folder, id), messageText({ id }));
    }
    const withMany = look();
    assert.ok(
      withMany < withNone * 4 + 1,
      `${withNone.toFixed(3)} ms before, ${withMany.toFixed(3)} ms after`,
    );
  });
});
