import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite, test } from 'node:test';
import type { ManagedSessionRecord, PromptRecord } from '../../../src/protocol/managed-session.ts';
import { waitFor } from '../../../src/testing/index.ts';
import { managedBox } from '../../fixtures/managed-box.ts';

interface Row {
  readonly name: string;
  readonly state: string;
  readonly session: ManagedSessionRecord | null;
  readonly prompt: PromptRecord | null;
  readonly error: { code: string } | null;
}

suite('batch', () => {
  test('gives each task to a session of its own, so many at once, and stops each', async (t) => {
    const box = await managedBox(t);
    const shell = box.bareShell('app');
    const plan = join(shell.folder, 'plan.json');
    const tasks = [
      { name: 'one', prompt: 'first' },
      { name: 'two', prompt: 'FAIL no money', preset: 'read-only' },
      { name: 'three', prompt: 'STEPS 9', limits: { turn: { turns: 2 } } },
      { name: 'four', prompt: 'nobody', cwd: 'nowhere' },
      { name: 'five', prompt: 'last', model: 'm-1' },
    ];
    writeFileSync(plan, JSON.stringify({ concurrency: 2, tasks }));
    const rows = (await shell.json(['batch', 'plan.json', '--delete'], { status: 1 })) as Row[];
    assert.deepEqual(
      rows.map(({ name, state }) => [name, state]),
      [
        ['one', 'completed'],
        ['two', 'failed'],
        ['three', 'limit-reached'],
        ['four', 'error'],
        ['five', 'completed'],
      ],
    );
    assert.deepEqual(
      rows.map(({ session, error }) => [session?.state.state, error?.code]),
      [
        ['stopped', undefined],
        ['stopped', undefined],
        ['stopped', undefined],
        [undefined, 'folder-missing'],
        ['stopped', undefined],
      ],
    );
    const left = (await shell.json(['list'])) as ManagedSessionRecord[];
    assert.deepEqual(left.map(({ name }) => name).sort(), ['three', 'two']);

    writeFileSync(plan, JSON.stringify({ tasks: tasks.slice(0, 1) }));
    const run = await shell.run('batch', plan);
    assert.equal(run.code, 0, run.stderr);
    assert.match(run.stdout, /^NAME +STATE +COST +SAID\none +completed +\$0\.0100 +ECHO\[first\]\n$/);
  });

  test('that is ended by Ctrl-C stops what it has started, and begins nothing more', async (t) => {
    const box = await managedBox(t);
    const shell = box.bareShell('app');
    const tasks = ['one', 'two', 'three'].map((name) => ({ name, prompt: 'HANG' }));
    writeFileSync(join(shell.folder, 'plan.json'), JSON.stringify({ concurrency: 2, tasks }));
    const batch = shell.start(['batch', 'plan.json']);
    const states = async (): Promise<string[]> =>
      ((await shell.json(['list'])) as ManagedSessionRecord[])
        .map(({ name, state }) => `${name} ${state.state}`)
        .sort();
    await waitFor(async () => (await states()).join() === 'one running,two running', { what: 'two turns' });
    batch.child.kill('SIGINT');
    assert.equal((await batch.ended).code, 130);
    assert.deepEqual(await states(), ['one stopped', 'two stopped']);
  });

  test('refuses a plan that is none, with what is wrong', async (t) => {
    const shell = (await managedBox(t)).bareShell('app');
    for (const [text, pattern] of [
      ['{', /JSON/],
      ['[]', /plan: expected/],
      ['{"tasks": []}', /tasks: expected/],
      ['{"tasks": [{"name": "a"}]}', /tasks\.0\.prompt: expected/],
      ['{"tasks": [{"name": "a", "prompt": "x", "promt": "y"}]}', /unknown key/],
      ['{"tasks": [{"name": "a", "prompt": "x"}, {"name": "a", "prompt": "y"}]}', /two tasks are called "a"/],
    ] as const) {
      writeFileSync(join(shell.folder, 'plan.json'), text);
      const { code, stderr } = await shell.run('batch', 'plan.json');
      assert.deepEqual([code, pattern.test(stderr)], [2, true], stderr);
    }
    assert.match(
      (await shell.run('batch', 'none.json')).stderr,
      /none\.json cannot be used: it is not there/,
    );
  });
});
