import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite, test } from 'node:test';
import type { ManagedSessionRecord, PromptRecord } from '../../../src/protocol/managed-session.ts';
import { waitFor } from '../../../src/testing/index.ts';
import { managedBox } from '../../fixtures/managed-box.ts';

/** What `ask --json` prints of a managed session. */
interface Asked {
  readonly id: string;
  readonly state: string;
  readonly response: { id: string; from: string; content: string; timestamp: string } | null;
  readonly result: PromptRecord;
}

suite('a managed session at the command line', () => {
  test('is started, asked, shown, stopped, resumed and deleted', async (t) => {
    const box = await managedBox(t);
    const shell = box.bareShell('app');
    const spawned = await shell.run(
      'spawn',
      'worker',
      '--max-cost',
      '2',
      '--turn-max-turns',
      '9',
      '--model',
      'm-1',
    );
    assert.match(spawned.stdout, /^worker \(\w{6}\) is started in .*\/app\.\n$/, spawned.stderr);
    const [session] = (await shell.json(['list'])) as [ManagedSessionRecord];
    assert.deepEqual(session.limits, { session: { costUsd: 2 }, turn: { turns: 9 } });
    assert.deepEqual([session.cwd, session.preset, session.model], [shell.folder, 'edit', 'm-1']);

    const asked = await shell.run('ask', 'worker', 'which way?');
    assert.deepEqual(
      [asked.code, asked.stdout],
      [0, 'Response from worker:\nECHO[which way?]\n'],
      asked.stderr,
    );
    const { id, state, response, result } = (await shell.json(['ask', 'worker', 'again'])) as Asked;
    assert.deepEqual([state, response?.content, response?.from], ['completed', 'ECHO[again]', session.id]);
    assert.deepEqual([result.id, response?.id, result.ended], [id, id, { outcome: 'completed' }]);

    const status = (await shell.run('status', 'worker')).stdout;
    for (const line of [
      /^ {2}state +idle$/m,
      /^ {2}limit of cost +\$0\.0200 of \$2\.00$/m,
      /^ {2}preset +edit$/m,
    ]) {
      assert.match(status, line);
    }
    assert.match((await shell.run('history', 'worker')).stdout, /completed +\$0\.0100 .* which way\?\n/);
    assert.equal((await shell.run('output', 'worker')).stdout, 'ECHO[again]\n');
    assert.match((await shell.run('list')).stdout, /^worker +\w{6} +idle +m-1 +edit +\$0\.0200 /m);
    assert.match((await shell.run('model', 'worker')).stdout, /has the default model of the agent\.$/m);

    assert.match((await shell.run('stop', 'worker')).stdout, /^worker \(\w{6}\) is stopped\.$/m);
    const late = await shell.run('ask', 'worker', 'still there?');
    assert.deepEqual([late.code, late.stdout], [1, '']);
    assert.match(late.stderr, /is stopped\. Resume it first: cahoots resume worker/);
    assert.match((await shell.run('resume', 'worker')).stdout, /is idle\.$/m);
    assert.match((await shell.run('fork', 'worker')).stdout, /^worker-fork \(\w{6}\) is idle\.$/m);
    assert.match((await shell.run('fork', 'worker', '--as', 'other')).stdout, /^other \(\w{6}\) is idle\.$/m);
    assert.equal((await shell.run('delete', 'worker')).code, 1);
    for (const name of ['worker', 'worker-fork', 'other']) await shell.run('kill', name);
    assert.match((await shell.run('delete', 'worker')).stdout, /is deleted\.$/m);
    assert.match((await shell.run('cleanup', '--older-than', '0s')).stdout, /^2 sessions removed: /);
    assert.deepEqual(await shell.json(['list']), []);
  });

  test('gets what a person sends as its next prompt, and what a session sends as mail', async (t) => {
    const box = await managedBox(t);
    const shell = await box.shell('app');
    await shell.json(['spawn', 'worker']);
    const { id } = (await shell.json(['send', 'worker', 'do it'])) as { id: string };
    await waitFor(async () => (await shell.run('output', 'worker')).stdout === 'ECHO[do it]\n', {
      what: 'the end of the prompt',
    });
    const [prompt] = (await shell.json(['history', 'worker'])) as [PromptRecord];
    assert.deepEqual([prompt.id, prompt.from, prompt.text], [id, shell.id, 'do it']);
    const inside = { env: { CLAUDECODE: '1' } };
    const mail = (await shell.json(['ask', 'worker', 'by mail'], { ...inside, status: 5 })) as Asked;
    assert.match(mail.id, /^msg-/);
    assert.deepEqual([mail.state, mail.result], ['held', undefined], 'the gate decides, as for any message');
  });

  test('is told what to do from a folder without a mailbox, and none is made there for it', async (t) => {
    const box = await managedBox(t);
    const shell = await box.shell('app');
    await shell.json(['spawn', 'worker']);
    const bare = box.bareShell('script');
    const seats = (await shell.json(['peers'])) as readonly unknown[];
    const asked = await bare.run('ask', 'worker', 'from a script');
    assert.deepEqual([asked.stdout, asked.stderr], ['Response from worker:\nECHO[from a script]\n', '']);
    await bare.json(['send', 'worker', 'once more']);
    const prompts = (await shell.json(['history', 'worker'])) as readonly PromptRecord[];
    assert.deepEqual(
      prompts.map(({ from }) => from),
      ['command-line', 'command-line'],
    );
    assert.equal(((await shell.json(['peers'])) as readonly unknown[]).length, seats.length);
  });

  test('tells by its exit status how a prompt ended, with what there is', async (t) => {
    const box = await managedBox(t);
    const shell = await box.shell('app');
    await shell.json(['spawn', 'worker', '--turn-max-turns', '3']);
    const failed = await shell.run('ask', 'worker', 'FAIL no money');
    assert.deepEqual(
      [failed.code, failed.stdout, failed.stderr],
      [1, '', 'The turn failed (server): no money\n'],
    );
    const limited = (await shell.json(['ask', 'worker', 'STEPS 9'], { status: 5 })) as Asked;
    assert.deepEqual([limited.state, limited.response], ['limit-reached', null]);
    const denied = await shell.run('ask', 'worker', 'CALL WebFetch');
    assert.equal(denied.code, 0);
    assert.match(denied.stderr, /^Denied: WebFetch \{"command":"make"\}: /m);
    const late = (await shell.json(['ask', 'worker', 'HANG', '--wait', '0.2'], { status: 4 })) as Asked;
    assert.deepEqual([late.state, late.response, late.result.turn], ['running', null, undefined]);
    const hanging = shell.start(['ask', 'worker', 'next one']);
    const count = async (): Promise<boolean> =>
      ((await shell.json(['history', 'worker'])) as unknown[]).length === 5;
    await waitFor(count, { what: 'the next prompt' });
    assert.match((await shell.run('status', 'worker')).stdout, /works on +HANG\n +queued +next one\n/);
    assert.match((await shell.run('interrupt', 'worker')).stdout, /^worker /);
    assert.equal((await hanging.ended).stdout, 'Response from worker:\nECHO[next one]\n');
    const history = (await shell.json(['history', 'worker'])) as PromptRecord[];
    assert.deepEqual(
      history.map(({ ended }) => ended?.outcome),
      ['failed', 'limit-reached', 'completed', 'interrupted', 'completed'],
    );
    const crashed = await shell.run('ask', 'worker', 'CRASH');
    assert.equal(crashed.code, 1);
    assert.match(crashed.stderr, /^The turn failed \(agent-ended\): /);
  });

  test('takes its first prompt with its start', async (t) => {
    const box = await managedBox(t);
    const shell = box.bareShell('app');
    const run = await shell.start(['spawn', 'one', '--prompt', '-', '--wait', '20'], { input: 'hello' })
      .ended;
    assert.match(run.stdout, /^one .* is started in .*\nResponse from one:\nECHO\[hello\]\n$/, run.stderr);
    const words = ['spawn', 'two', '--prompt', 'HANG', '--wait', '0.1'];
    const { session, prompt } = (await shell.json(words, { status: 4 })) as {
      session: ManagedSessionRecord;
      prompt: PromptRecord;
    };
    assert.deepEqual([session.name, prompt.ended], ['two', undefined]);
    assert.equal((await shell.run('spawn', 'three', '--wait', '1')).code, 2);
    assert.equal((await shell.run('spawn', 'three', '--prompt', ' ')).code, 2);
    assert.equal(((await shell.json(['list'])) as unknown[]).length, 2);
  });

  test('is paused and let go on', async (t) => {
    const box = await managedBox(t);
    const shell = box.bareShell('app');
    await shell.json(['spawn', 'worker']);
    assert.match((await shell.run('pause', 'worker')).stdout, / is paused\.$/m);
    const waiting = shell.start(['ask', 'worker', 'later']);
    const isQueued = async (): Promise<boolean> =>
      ((await shell.json(['history', 'worker'])) as unknown[]).length === 1;
    await waitFor(isQueued, { what: 'the prompt' });
    await shell.run('resume', 'worker');
    assert.equal((await waiting.ended).stdout, 'Response from worker:\nECHO[later]\n');
    assert.match((await shell.run('resume', 'worker')).stderr, /is idle, and not paused\./);
  });

  test('that there is not is told with those that there are; what cannot work is refused', async (t) => {
    const box = await managedBox(t);
    const shell = box.bareShell('app');
    await shell.json(['spawn', 'worker']);
    for (const verb of [
      'interrupt',
      'pause',
      'resume',
      'fork',
      'stop',
      'kill',
      'model',
      'delete',
      'output',
    ]) {
      const { code, stderr } = await shell.run(verb, 'wroker');
      assert.deepEqual([code, /There are: worker\./.test(stderr)], [3, true], `${verb}: ${stderr}`);
    }
    for (const name of ['.', '..', '']) assert.equal((await shell.run('kill', name)).code, 3, name);
    for (const [words, status] of [
      [['spawn', 'worker'], 2],
      [['spawn', 'x', '--preset', 'all'], 2],
      [['spawn', 'x', '--preset', 'full'], 5],
      [['spawn', 'x', '--max-cost', 'much'], 2],
      [['spawn', 'x', '--cwd', 'nowhere'], 2],
      [['spawn', '../x'], 2],
      [['cleanup'], 2],
      [['resume', 'worker', '--preset', 'plan'], 2],
      [['resume', '0b6f5a52-6a0e-4d0c-9a43-1f6d1f6c2f4e'], 3],
      [['watch', 'nobody'], 3],
      [['daemon', 'stop'], 5],
    ] as const) {
      const { code, stderr } = await shell.run(...words);
      assert.equal(code, status, `${words.join(' ')}: ${stderr}`);
    }
  });
});

suite('a peer that is away', () => {
  test('is revived: a fork of its conversation answers, marked as such', async (t) => {
    const box = await managedBox(t);
    const shell = box.bareShell('app');
    await shell.run('spawn', 'library');
    await shell.run('ask', 'library', 'remember 42');
    await shell.run('stop', 'library');
    const asked = await shell.run('ask', 'library', 'what was it?', '--revive');
    assert.equal(asked.code, 0, asked.stderr);
    assert.match(
      asked.stdout,
      /^Response from library, by a fork of its last conversation:\nECHO\[[^]*what was it\?/,
    );
    const { state, response } = (await shell.json(['ask', 'library', 'and now?', '--revive'])) as Asked;
    assert.partialDeepStrictEqual([state, response], ['answered', { answeredBy: 'fork' }]);
    const names = ((await shell.json(['list'])) as ManagedSessionRecord[]).map(({ name }) => name).sort();
    assert.deepEqual(names, ['library', 'library-revived', 'library-revived-2']);
  });

  test('has a large conversation: nobody is at the terminal to confirm it, so nothing is asked', async (t) => {
    const box = await managedBox(t);
    writeFileSync(join(box.root, 'settings.json'), JSON.stringify({ reviveTokens: 1 }));
    const shell = box.bareShell('app');
    await shell.run('spawn', 'library');
    await shell.run('ask', 'library', 'remember 42');
    await shell.run('stop', 'library');
    const refused = await shell.run('ask', 'library', 'what was it?', '--revive');
    assert.equal(refused.code, 2);
    assert.match(refused.stderr, /Nobody can be asked .*--yes/);
    assert.deepEqual(await shell.json(['inbox', '--as', 'library']), []);
    const confirmed = await shell.run('ask', 'library', 'what was it?', '--revive', '--yes');
    assert.equal(confirmed.code, 0, confirmed.stderr);
  });

  test('has had no conversation: nothing is asked', async (t) => {
    const box = await managedBox(t);
    const [shell, other] = [box.bareShell('app'), box.bareShell('lib')];
    await other.run('start');
    await other.run('stop');
    const asked = await shell.run('ask', 'lib', 'hello?', '--revive');
    assert.equal(asked.code, 3);
    assert.match(asked.stderr, /has had no conversation/);
    assert.deepEqual(await other.json(['inbox']), []);
  });
});
