import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { suite, type TestContext, test } from 'node:test';
import { compareVersions, waitFor } from '../../../src/testing/index.ts';
import { ManagedBench, PATIENCE_MS } from '../../fixtures/managed-bench.ts';
import { testedBinaries } from '../../fixtures/tested-binaries.ts';

async function exists(bench: ManagedBench, file: string): Promise<void> {
  await waitFor(() => existsSync(join(bench.cwd, file)), { what: file, timeoutMs: PATIENCE_MS });
}

for (const { version, path: program } of testedBinaries()) {
  const start = (t: TestContext, settings = {}): Promise<ManagedBench> =>
    ManagedBench.start(t, { program, settings });

  suite(`a managed session of claude ${version} that is steered`, () => {
    test('is interrupted in every phase of a turn, and takes the next prompt each time', async (t) => {
      const bench = await start(t);
      await bench.spawn('worker');
      // Nothing runs: there is nothing to interrupt.
      assert.equal((await bench.steer('worker', 'interrupt')).state.state, 'idle');
      // As soon as it is accepted, before the host has begun with it.
      const early = await bench.give('worker', 'HANG');
      await bench.steer('worker', 'interrupt');
      assert.deepEqual((await bench.endOf(early)).ended, { outcome: 'interrupted' });
      // While the model thinks.
      const from = bench.model.requests.length;
      const thinking = await bench.give('worker', 'HANG');
      await bench.model.waitForRequest(/HANG/, { from, timeoutMs: PATIENCE_MS });
      await bench.steer('worker', 'interrupt');
      assert.deepEqual((await bench.endOf(thinking)).ended, { outcome: 'interrupted' });
      // While a command runs, which ends with it.
      const command = await bench.give('worker', 'RUN echo > begun; sleep 300; echo > late');
      await exists(bench, 'begun');
      await bench.steer('worker', 'interrupt');
      assert.deepEqual((await bench.endOf(command)).ended, { outcome: 'interrupted' });
      // By several at once, with another one waiting: only the running one is interrupted.
      const [running, waiting] = [
        await bench.give('worker', 'HANG'),
        await bench.give('worker', 'SAY my turn'),
      ];
      await Promise.all(Array.from({ length: 5 }, () => bench.steer('worker', 'interrupt')));
      assert.deepEqual((await bench.endOf(running)).ended, { outcome: 'interrupted' });
      assert.equal((await bench.endOf(waiting)).turn?.text, 'my turn');
      assert.equal((await bench.ask('worker', 'SAY next')).turn?.text, 'next');
      assert.ok(!existsSync(join(bench.cwd, 'late')));
    });

    test('that is given a prompt which interrupts works on that one, also when it did nothing', async (t) => {
      const bench = await start(t);
      await bench.spawn('worker');
      const first = await bench.give('worker', 'RUN while ! test -e go; do sleep 0.1; done; echo done', {
        interrupt: true,
      });
      bench.write('go');
      const { ended, turn } = await bench.endOf(first);
      assert.deepEqual([ended, turn?.text], [{ outcome: 'completed' }, 'RAN[done]']);
      const hanging = await bench.give('worker', 'HANG');
      const urgent = await bench.give('worker', 'SAY urgent', { interrupt: true });
      assert.deepEqual((await bench.endOf(hanging)).ended, { outcome: 'interrupted' });
      assert.equal((await bench.endOf(urgent)).turn?.text, 'urgent');
    });

    test('finishes its turn when it is paused, holds what comes, and goes on when it is let', async (t) => {
      const bench = await start(t);
      await bench.spawn('worker');
      const running = await bench.give(
        'worker',
        'RUN touch begun; while ! test -e go; do sleep 0.1; done; echo done',
      );
      await exists(bench, 'begun');
      assert.deepEqual((await bench.steer('worker', 'pause')).state, {
        state: 'running',
        prompt: running.id,
        pauses: true,
      });
      const held = await bench.give('worker', 'SAY after the pause');
      // Let go on and paused again in the middle of the turn: the last word counts.
      await bench.steer('worker', 'resume');
      await bench.steer('worker', 'pause');
      bench.write('go');
      assert.match((await bench.endOf(running)).turn?.text ?? '', /RAN\[done/);
      await bench.inState('worker', 'paused');
      assert.equal((await bench.prompts('worker')).at(-1)?.startedAtMs, undefined);
      await bench.steer('worker', 'resume');
      assert.equal((await bench.endOf(held)).turn?.text, 'after the pause');
      await bench.steer('worker', 'pause');
      await bench.inState('worker', 'paused');
      const dropped = await bench.give('worker', 'SAY never');
      await bench.steer('worker', 'stop');
      assert.equal((await bench.endOf(dropped)).ended?.outcome, 'dropped');
    });

    test('says so when too many prompts wait, and takes one again when there is room', async (t) => {
      const bench = await start(t, { maxQueuedPrompts: 2 });
      await bench.spawn('worker');
      await bench.give('worker', 'HANG');
      const waiting = [await bench.give('worker', 'SAY one'), await bench.give('worker', 'SAY two')];
      await assert.rejects(bench.give('worker', 'SAY three'), { code: 'queue-full' });
      await bench.steer('worker', 'interrupt');
      const said = await Promise.all(waiting.map(async (prompt) => (await bench.endOf(prompt)).turn?.text));
      assert.deepEqual(said, ['one', 'two']);
      assert.equal((await bench.ask('worker', 'SAY three')).turn?.text, 'three');
      assert.equal((await bench.prompts('worker')).length, 4);
    });

    test('changes its model between turns and in one, also when the process must be started anew', async (t) => {
      const bench = await start(t);
      await bench.spawn('worker', { model: 'claude-sonnet-4-5' });
      assert.match((await bench.ask('worker', 'MODEL')).turn?.text ?? '', /sonnet-4-5/);
      const running = await bench.give(
        'worker',
        'LOOP 2 touch begun; while ! test -e go; do sleep 0.1; done',
      );
      await exists(bench, 'begun');
      const from = bench.model.requests.length;
      await bench.call('PUT', '/v1/sessions/worker/model', { model: 'claude-opus-4-5' });
      bench.write('go');
      await bench.endOf(running);
      assert.match((await bench.ask('worker', 'MODEL')).turn?.text ?? '', /opus-4-5/);
      const models = bench.model.requests.slice(from).map(({ body }) => String(body.model));
      // Older hosts change it between turns only.
      const isChangedAtOnce = compareVersions(version, '2.1.197') > 0;
      assert.ok(!isChangedAtOnce || models.every((model) => model.includes('opus')), models.join());
      await bench.steer('worker', 'stop');
      await bench.steer('worker', 'resume');
      assert.match((await bench.ask('worker', 'MODEL')).turn?.text ?? '', /opus-4-5/);
    });

    test('whose process answers to nothing is not waited for without end when its model is to be changed [M3]', async (t) => {
      const bench = await start(t);
      const session = await bench.spawn('worker');
      process.kill(await bench.processOf(session), 'SIGSTOP');
      await assert.rejects(bench.call('PUT', '/v1/sessions/worker/model', { model: 'claude-opus-4-5' }), {
        code: 'wait-timeout',
      });
      assert.equal((await bench.steer('worker', 'kill')).state.state, 'stopped');
    });

    test('is forked while it runs: the copy knows what was said before, and both go on', async (t) => {
      const bench = await start(t);
      await bench.spawn('worker');
      await bench.ask('worker', 'SAY one');
      const running = await bench.give(
        'worker',
        'RUN touch begun; while ! test -e go; do sleep 0.1; done; echo done',
      );
      await exists(bench, 'begun');
      await bench.call('POST', '/v1/sessions/worker/fork', { name: 'copy' });
      const inCopy = (await bench.ask('copy', 'RECALL')).turn?.text ?? '';
      assert.match(inCopy, /^SAY one\n[\s\S]*RECALL$/);
      bench.write('go');
      assert.match((await bench.endOf(running)).turn?.text ?? '', /RAN\[done/);
      assert.match((await bench.ask('worker', 'RECALL')).turn?.text ?? '', /^SAY one\nRUN [^\n]*\nRECALL$/);
    });

    test('does not share a conversation that goes on elsewhere, whichever way it is to be resumed', async (t) => {
      const bench = await start(t);
      const first = await bench.spawn('first');
      await bench.ask('first', 'SAY one');
      const resume = { from: first.conversation, fork: false };
      await assert.rejects(bench.spawn('second', { resume }), { code: 'conversation-live' });
      await bench.steer('first', 'stop');
      await bench.spawn('second', { resume });
      assert.equal((await bench.ask('second', 'RECALL')).turn?.text, 'SAY one\nRECALL');
      await assert.rejects(bench.steer('first', 'resume'), { code: 'conversation-live' });
      await bench.steer('second', 'stop');
      await bench.steer('first', 'resume');
      assert.equal((await bench.ask('first', 'RECALL')).turn?.text, 'SAY one\nRECALL\nRECALL');
    });

    test('is stopped while it starts, and nothing of it is left once that is answered [D3]', async (t) => {
      const bench = await start(t);
      const spawning = bench.spawn('worker').catch((error: unknown) => error);
      await bench.inState('worker', 'starting', 'idle');
      assert.equal((await bench.steer('worker', 'stop')).state.state, 'stopped');
      assert.deepEqual(await bench.claudes(), []);
      await spawning;
    });

    test('is started while the daemon ends, and nothing of it is left [D3]', async (t) => {
      const bench = await start(t);
      const spawning = bench.spawn('worker').catch((error: unknown) => error);
      await bench.inState('worker', 'starting', 'idle');
      await bench.call('POST', '/v1/shut-down', {});
      await spawning;
      await bench.home.waitUntilNothingRuns({ timeoutMs: PATIENCE_MS });
      await bench.startDaemon();
      const sessions = await bench.call<{ state: { state: string } }[]>('GET', '/v1/sessions');
      for (const { state } of sessions) assert.equal(state.state, 'stopped');
    });
  });
}
