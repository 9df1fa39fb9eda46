import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { suite, type TestContext, test } from 'node:test';
import { listLiveProcesses } from '../../../src/lib/live-processes.ts';
import { signalProcess } from '../../../src/lib/stop-process.ts';
import { waitFor } from '../../../src/testing/index.ts';
import { ManagedBench, PATIENCE_MS } from '../../fixtures/managed-bench.ts';
import { testedBinaries } from '../../fixtures/tested-binaries.ts';

/** Lets the host's output through a piece of JavaScript that is called with each `line`. */
function filtered(onLine: string): string {
  const code = `require('node:readline').createInterface({ input: process.stdin }).on('line', (line) => { ${onLine} })`;
  return `"$CLAUDE" "$@" | node -e '${code.replaceAll("'", String.raw`'\''`)}'`;
}

async function begun(bench: ManagedBench): Promise<void> {
  const isThere = (): boolean => existsSync(join(bench.cwd, 'begun'));
  await waitFor(isThere, { what: 'the command', timeoutMs: PATIENCE_MS });
}

for (const { version, path: program } of testedBinaries()) {
  const start = (t: TestContext, wrapper?: string): Promise<ManagedBench> =>
    ManagedBench.start(t, { program, ...(wrapper !== undefined && { wrapper }) });

  suite(`a managed session whose claude ${version} fails`, () => {
    test('works on among lines of its output that mean nothing', async (t) => {
      const garbage = [
        'garbage {',
        '{"half":',
        '42',
        '[1,2]',
        '"text"',
        '',
        '{"type":"result"}',
        '{"type":"assistant"}',
      ];
      const bench = await start(
        t,
        filtered(`console.log(${JSON.stringify(garbage.join('\n'))}); console.log(line)`),
      );
      await bench.spawn('worker');
      assert.equal((await bench.ask('worker', 'SAY one')).turn?.text, 'one');
      assert.match((await bench.ask('worker', 'RUN echo ran')).turn?.text ?? '', /RAN\[ran/);
      await bench.steer('worker', 'stop');
    });

    test('works on after a line of fifty million characters', async (t) => {
      const huge = 'head -c 50000000 /dev/zero | tr "\\0" x; echo; exec "$CLAUDE" "$@"';
      const bench = await start(t, huge);
      await bench.spawn('worker');
      assert.equal((await bench.ask('worker', 'SAY one')).turn?.text, 'one');
    });

    test('that says what no host says comes to an end, and so do its prompts [M3]', async (t) => {
      const bench = await start(
        t,
        filtered(`console.log(line); if (line.includes('"type":"assistant"')) console.log('null')`),
      );
      await bench.spawn('worker');
      const [first, second] = [await bench.give('worker', 'SAY one'), await bench.give('worker', 'SAY two')];
      const ended = [await bench.endOf(first), await bench.endOf(second)].map(
        (prompt) => prompt.ended?.outcome,
      );
      assert.ok(ended[0] === 'completed' || ended[0] === 'failed', String(ended[0]));
      assert.ok(['completed', 'failed', 'dropped'].includes(ended[1] ?? ''), String(ended[1]));
    });

    test('that dies when it is started says why, and leaves no session', async (t) => {
      const bench = await start(t, 'echo "no licence" >&2; exit 3');
      await assert.rejects(bench.spawn('worker'), { code: 'agent-start-failed', message: /no licence/ });
      await assert.rejects(bench.session('worker'), { code: 'session-unknown' });
    });

    test('that never takes prompts is stopped all the same [M3] [D3]', async (t) => {
      const bench = await start(t, 'trap "" TERM; while :; do sleep 1; done');
      const spawning = bench.spawn('worker');
      await bench.inState('worker', 'starting');
      assert.equal((await bench.steer('worker', 'stop')).state.state, 'stopped');
      assert.equal((await spawning).state.state, 'stopped');
    });

    test('that is killed before its first turn is failed, and goes on when it is resumed [D4]', async (t) => {
      const bench = await start(t);
      const session = await bench.spawn('worker');
      process.kill(await bench.processOf(session), 'SIGKILL');
      const { state } = await bench.inState('worker', 'failed');
      assert.ok(state.state === 'failed' && /SIGKILL/.test(state.failure.message), JSON.stringify(state));
      await assert.rejects(bench.give('worker', 'SAY one'), { code: 'session-over' });
      await bench.steer('worker', 'resume');
      assert.equal((await bench.ask('worker', 'SAY one')).turn?.text, 'one');
    });

    test('that is killed in a turn settles what it had, and goes on when it is resumed [M3] [D3] [D4]', async (t) => {
      const bench = await start(t);
      const session = await bench.spawn('worker');
      await bench.ask('worker', 'SAY one');
      const running = await bench.give('worker', 'RUN touch begun; setsid sleep 600 & sleep 600');
      const waiting = await bench.give('worker', 'SAY two');
      await begun(bench);
      process.kill(await bench.processOf(session), 'SIGKILL');
      const { ended } = await bench.endOf(running);
      assert.ok(ended?.outcome === 'failed' && ended.failure.kind === 'agent-ended', JSON.stringify(ended));
      assert.equal((await bench.endOf(waiting)).ended?.outcome, 'dropped');
      await bench.inState('worker', 'failed');
      const left = (await bench.home.liveProcesses()).filter(({ command }) => command.includes('sleep 600'));
      assert.deepEqual(left, []);
      await bench.steer('worker', 'resume');
      assert.match((await bench.ask('worker', 'RECALL')).turn?.text ?? '', /^SAY one\n[\s\S]*RECALL$/);
    });

    test('that dies with its answer has answered, and what waits is told of its end [M3] [D4]', async (t) => {
      // The whole group, which is what the daemon sees as the process.
      const dies = filtered(
        `process.stdout.write(line + '\\n', () => line.includes('"type":"result"') && process.kill(0, 'SIGKILL'))`,
      );
      const bench = await start(t, dies);
      await bench.spawn('worker');
      const [first, second] = [await bench.give('worker', 'SAY one'), await bench.give('worker', 'SAY two')];
      const one = await bench.endOf(first);
      assert.deepEqual([one.ended, one.turn?.text], [{ outcome: 'completed' }, 'one']);
      // It may have been given to the process before that was seen to be dead.
      assert.match((await bench.endOf(second)).ended?.outcome ?? '', /^(dropped|failed)$/);
      await bench.inState('worker', 'failed');
    });

    test('that ignores every polite signal is ended all the same, idle and in a turn [D3]', async (t) => {
      const bench = await start(t, 'trap "" TERM INT HUP; "$CLAUDE" "$@"; while :; do sleep 1; done');
      for (const [name, prompt] of [
        ['idle', undefined],
        ['busy', 'HANG'],
      ] as const) {
        await bench.spawn(name);
        if (prompt !== undefined) await bench.give(name, prompt);
        assert.equal((await bench.steer(name, 'stop')).state.state, 'stopped');
        assert.deepEqual(await bench.claudes(), []);
      }
    });

    test('whose commands ignore signals, leave its group or hide their origin leaves none of them [D3]', async (t) => {
      const bench = await start(t);
      for (const [index, verb] of ['stop', 'kill'].entries()) {
        const name = `worker-${verb}`;
        const seconds = 86_400 + index;
        await bench.spawn(name);
        const running = await bench.give(
          name,
          `RUN trap '' TERM HUP INT; setsid sleep ${seconds} & (trap '' TERM; env -i sleep ${seconds}) & touch begun; env -i setsid -w sleep ${seconds}; sleep ${seconds}`,
        );
        await begun(bench);
        const sleepers = async (): Promise<number[]> => {
          const all = await listLiveProcesses({ roots: [{ pid: 1, startTime: '' }], mark: '' });
          return all.filter(({ command }) => command === `sleep ${seconds}`).map(({ pid }) => pid);
        };
        await waitFor(async () => (await sleepers()).length >= 3, {
          what: 'the commands',
          timeoutMs: PATIENCE_MS,
        });
        t.after(async () => {
          for (const pid of await sleepers()) signalProcess(pid, 'SIGKILL');
        });
        await bench.steer(name, verb);
        assert.deepEqual((await bench.endOf(running)).ended, { outcome: 'interrupted' });
        assert.deepEqual(await sleepers(), []);
      }
    });
  });
}
