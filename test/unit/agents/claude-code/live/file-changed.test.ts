import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { suite, type TestContext, test } from 'node:test';
import { fileChanged, type WakeFiles } from '../../../../../src/agents/claude-code/live/file-changed.ts';
import type { Wake, WakePath } from '../../../../../src/agents/wake-path.ts';
import { wakePathContract } from '../../../../../src/testing/contracts/wake-path-contract.ts';
import { waitFor } from '../../../../../src/testing/wait-for.ts';
import { tempFolder } from '../../../../fixtures/temp-root.ts';

const WAKE: Wake = {
  text: 'hello',
  messages: [],
  conversation: 'c-1',
  fromName: 'app',
  fromMode: 'prompting',
};
const HOOK = join(import.meta.dirname, '../../../../../plugin/bin/wake.sh');

interface WatchingHost {
  readonly path: WakePath;
  readonly files: WakeFiles;
  /** Runs the plugin's hook as the host does after a change; tells what it hands to the model. */
  readonly runHook: (event: 'add' | 'change' | 'unlink') => string | undefined;
}

/** A session whose start hook has put up the watched file, some time ago. */
function watchingHost(t: TestContext): WatchingHost {
  const folder = join(tempFolder(t), 'wake', 'a1b2c3d4-1-2');
  const files: WakeFiles = {
    trigger: join(folder, 'cahoots-wake'),
    payload: join(folder, 'payload'),
    armed: join(folder, 'armed'),
  };
  mkdirSync(folder, { recursive: true });
  for (const file of [files.trigger, files.armed]) writeFileSync(file, '');
  age(files.trigger);
  return {
    path: fileChanged({ files: () => files }),
    files,
    runHook(event) {
      const input = JSON.stringify({ hook_event_name: 'FileChanged', file_path: files.trigger, event });
      const { status, stderr } = spawnSync('sh', [HOOK], { input: `${input}\n`, encoding: 'utf8' });
      return status === 2 ? stderr : undefined;
    },
  };
}

function age(file: string): void {
  const longAgo = Date.now() / 1000 - 60;
  utimesSync(file, longAgo, longAgo);
}

wakePathContract('a watched file', (t, { isThere }) => {
  const { path, files, runHook } = watchingHost(t);
  if (!isThere) rmSync(files.armed);
  const taken: string[] = [];
  return {
    path,
    taken() {
      if (!existsSync(dirname(files.trigger))) return taken;
      const text = runHook(existsSync(files.trigger) ? 'change' : 'unlink');
      if (text !== undefined) taken.push(text);
      return taken;
    },
    vanish: () => rmSync(dirname(files.trigger), { recursive: true }),
  };
});

suite('a wake by a watched file', () => {
  test('lays down the text and removes the file: the host tells of that at once', async (t) => {
    const { path, files } = watchingHost(t);
    assert.deepEqual(await path.wake(WAKE), { ok: true });
    assert.equal(readFileSync(files.payload, 'utf8'), 'hello\n');
    assert.equal(statSync(files.payload).mode & 0o777, 0o600);
    assert.equal(existsSync(files.trigger), false);
  });

  test('the hook hands the text over and puts the file back; the event of its return brings nothing', async (t) => {
    const { path, files, runHook } = watchingHost(t);
    await path.wake(WAKE);
    assert.equal(runHook('unlink'), 'hello\n');
    assert.ok(existsSync(files.trigger));
    assert.equal(runHook('add'), undefined);
    assert.deepEqual(readdirSync(dirname(files.trigger)).sort(), ['armed', 'cahoots-wake']);
  });

  test('puts up a file that is missing', async (t) => {
    const { path, files, runHook } = watchingHost(t);
    rmSync(files.trigger);
    assert.deepEqual(await path.wake(WAKE), { ok: true });
    assert.ok(existsSync(files.trigger), 'its appearance fires the hook');
    assert.equal(runHook('add'), 'hello\n');
  });

  test('leaves alone a file that was put back just now: the event of its appearance is still to come', async (t) => {
    const { path, files, runHook } = watchingHost(t);
    writeFileSync(files.trigger, '');
    const { ino } = statSync(files.trigger);
    assert.deepEqual(await path.wake(WAKE), { ok: true });
    assert.equal(statSync(files.trigger).ino, ino);
    assert.equal(runHook('add'), 'hello\n');
  });

  test('fires the hook again when it does not come for the text, and not after it came', async (t) => {
    const { path, files, runHook } = watchingHost(t);
    await path.wake(WAKE);
    assert.equal(existsSync(files.trigger), false, 'the host, which did not watch yet, missed this');
    await waitFor(() => existsSync(files.trigger), { what: 'the second try' });
    assert.equal(runHook('add'), 'hello\n');
    await path.wake({ ...WAKE, text: 'taken back' });
    path.withdraw?.();
    assert.deepEqual(readdirSync(dirname(files.trigger)).sort(), ['armed', 'cahoots-wake']);
  });

  test('[M2] is not possible while an earlier text was not taken', async (t) => {
    const { path, files } = watchingHost(t);
    await path.wake(WAKE);
    assert.match(path.unavailable() ?? '', /earlier wake was not taken/);
    const second = await path.wake({ ...WAKE, text: 'second' });
    assert.ok(!second.ok);
    assert.equal(readFileSync(files.payload, 'utf8'), 'hello\n');
    path.withdraw?.();
    assert.equal(path.unavailable(), undefined);
  });

  test('is not possible in a session whose start hook did not run', async (t) => {
    const { path, files } = watchingHost(t);
    rmSync(files.armed);
    assert.match(path.unavailable() ?? '', /no hook of this session watches/);
    assert.deepEqual(await path.wake(WAKE), { ok: false, reason: path.unavailable() });
    assert.ok(existsSync(files.trigger));
  });
});
