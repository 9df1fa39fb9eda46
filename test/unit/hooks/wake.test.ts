import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite, type TestContext, test } from 'node:test';
import { tempFolder } from '../../fixtures/temp-root.ts';

const HOOK = join(import.meta.dirname, '../../../plugin/bin/wake.sh');

interface WakeFolder {
  readonly folder: string;
  readonly trigger: string;
  readonly event: Readonly<Record<string, unknown>>;
  readonly lay: (payload: string | Buffer) => void;
}

/** A session's wake folder with the watched file, below a folder of that name. */
function wakeFolder(t: TestContext, name = 'root'): WakeFolder {
  const folder = join(tempFolder(t), name, 'wake', 'a1b2c3d4-1-2');
  mkdirSync(folder, { recursive: true });
  const trigger = join(folder, 'cahoots-wake');
  writeFileSync(trigger, '');
  return {
    folder,
    trigger,
    event: {
      session_id: 'c-1',
      transcript_path: '/home/x/.claude/projects/-x/c-1.jsonl',
      cwd: '/x',
      hook_event_name: 'FileChanged',
      file_path: trigger,
      event: 'unlink',
    },
    lay: (payload) => writeFileSync(join(folder, 'payload'), payload),
  };
}

function run(input: string): { status: number | null; stdout: string; stderr: Buffer } {
  const { status, stdout, stderr } = spawnSync('/bin/sh', [HOOK], { input, env: { PATH: '/usr/bin:/bin' } });
  return { status, stdout: stdout.toString(), stderr };
}

suite('the hook that hands a text to the session', () => {
  test('ends with 2 and the exact bytes of the text on standard error, once', (t) => {
    const { event, lay, folder, trigger } = wakeFolder(t);
    const payload = Buffer.from('line one\n\ttab "quoted" \\back $HOME `cmd` %s ü 😀\n\n \n');
    lay(payload);
    const { status, stdout, stderr } = run(`${JSON.stringify(event)}\n`);
    assert.deepEqual([status, stdout], [2, '']);
    assert.ok(stderr.equals(payload), stderr.toString());
    assert.deepEqual(readdirSync(folder), ['cahoots-wake']);
    assert.deepEqual(run(`${JSON.stringify(event)}\n`), { status: 0, stdout: '', stderr: Buffer.alloc(0) });
    assert.ok(existsSync(trigger));
  });

  test('hands over a long text whole', (t) => {
    const { event, lay } = wakeFolder(t);
    lay('ü'.repeat(45_000));
    assert.equal(run(`${JSON.stringify(event)}\n`).stderr.length, 90_000);
  });

  test('understands the event however the host writes it', (t) => {
    for (const write of [
      (event: object) => `${JSON.stringify(event)}\n`,
      (event: object) => JSON.stringify(event),
      (event: object) => JSON.stringify(event).replaceAll('":', '": '),
      (event: object) => JSON.stringify(event).replaceAll('":', '" : '),
      ({ file_path, ...rest }: Record<string, unknown>) => JSON.stringify({ file_path, ...rest }),
      ({ file_path, ...rest }: Record<string, unknown>) =>
        JSON.stringify({ ...rest, cwd: '/a "file_path":"/b" /c', file_path }),
      (event: object) =>
        JSON.stringify({ ...event, event: 'add', prompt_id: 'p', more: { file_path: '/x' } }),
    ]) {
      const { event, lay } = wakeFolder(t);
      lay('hello\n');
      const input = write(event);
      assert.deepEqual([run(input).status, input], [2, input]);
    }
  });

  test('works below folders with blanks, quotes of one kind and other alphabets in their names', (t) => {
    for (const name of ['my files', "o'brien & co; $(x) `y` *", '日本 ü', '-dash', 'a/wake/b']) {
      const { event, lay } = wakeFolder(t, name);
      lay('hello\n');
      assert.deepEqual([run(`${JSON.stringify(event)}\n`).status, name], [2, name]);
    }
  });

  test('puts the watched file back, for the next wake', (t) => {
    const { event, lay, trigger } = wakeFolder(t);
    lay('hello\n');
    spawnSync('rm', [trigger]);
    assert.equal(run(JSON.stringify(event)).status, 2);
    assert.equal(readFileSync(trigger, 'utf8'), '');
  });

  test('[X2] does nothing for a file of somebody else, and nothing for what is no event', (t) => {
    const { folder, event, lay } = wakeFolder(t);
    lay('hello\n');
    for (const file_path of [
      join(folder, 'other'),
      join(folder, 'payload'),
      join(folder, 'cahoots-wake.txt'),
      '/etc/passwd',
      'cahoots-wake',
      '/wake/cahoots-wake',
      '',
    ])
      assert.equal(run(JSON.stringify({ ...event, file_path })).status, 0, file_path);
    for (const input of [
      '',
      '\n',
      '{}',
      'null',
      '{"file_path":7}',
      '{"file_path',
      '"file_path":"',
      'x'.repeat(5_000),
    ])
      assert.equal(run(input).status, 0, input.slice(0, 20));
    assert.ok(existsSync(join(folder, 'payload')));
  });

  test('ends with 0 when the folder is gone', (t) => {
    const { folder, event } = wakeFolder(t);
    spawnSync('rm', ['-r', folder]);
    const { status, stderr } = run(JSON.stringify(event));
    assert.deepEqual([status, stderr.toString()], [0, '']);
    assert.equal(existsSync(folder), false);
  });

  test('[M2] of several that run at once for one text only one hands it over', async (t) => {
    const { event, lay } = wakeFolder(t);
    for (let round = 0; round < 5; round += 1) {
      lay('hello\n');
      const statuses = await Promise.all(
        Array.from({ length: 4 }, async () => {
          const child = spawn('/bin/sh', [HOOK], { stdio: ['pipe', 'ignore', 'ignore'] });
          child.stdin.on('error', () => undefined).end(JSON.stringify(event));
          const [status] = (await once(child, 'exit')) as [number];
          return status;
        }),
      );
      assert.deepEqual(
        statuses.toSorted((a, b) => a - b),
        [0, 0, 0, 2],
      );
    }
  });
});
