import assert from 'node:assert/strict';
import { existsSync, lstatSync, readFileSync, rmSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { join } from 'node:path';
import { suite, test } from 'node:test';
import { identityOf, livenessOf } from '../../../src/lib/process-identity.ts';
import { claudeBinary, waitFor } from '../../../src/testing/index.ts';
import { ManagedBench, PATIENCE_MS } from '../../fixtures/managed-bench.ts';
import { testedBinaries } from '../../fixtures/tested-binaries.ts';

const { path: newest } = claudeBinary();

async function untilGone(pid: number): Promise<void> {
  const holder = identityOf(pid);
  if (holder === undefined) return;
  await waitFor(() => livenessOf(holder) === 'dead', {
    what: 'the end of the daemon',
    timeoutMs: PATIENCE_MS,
  });
}

for (const { version, path: program } of testedBinaries()) {
  test(`a daemon that is killed in three running turns of claude ${version} is accounted for by nobody’s call, and its sessions go on [M3] [D3] [D4]`, async (t) => {
    const bench = await ManagedBench.start(t, { program });
    const daemon = await bench.startDaemon();
    const names = ['one', 'two', 'three'];
    const running = await Promise.all(
      names.map(async (name) => {
        await bench.spawn(name);
        await bench.ask(name, `SAY I am ${name}`);
        const prompt = await bench.give(name, `RUN touch ${name}; setsid sleep 600 & sleep 600`);
        await bench.give(name, 'SAY waiting');
        await bench.exists(name);
        return prompt;
      }),
    );
    process.kill(daemon, 'SIGKILL');
    // Nobody calls: what is left is ended by what the daemon had started beside itself.
    await bench.home.waitUntilNothingRuns({ timeoutMs: PATIENCE_MS });
    assert.deepEqual([bench.access.place.socket, bench.access.place.state].map(existsSync), [false, false]);
    await bench.startDaemon();
    for (const [index, name] of names.entries()) {
      assert.equal((await bench.session(name)).state.state, 'interrupted');
      const prompts = await bench.prompts(name);
      assert.deepEqual(
        prompts.map(({ ended }) => ended?.outcome),
        ['completed', 'dropped', 'dropped'],
      );
      assert.equal(prompts[1]?.id, running[index]?.id);
    }
    await Promise.all(
      names.map(async (name) => {
        await bench.steer(name, 'resume');
        assert.match(
          (await bench.ask(name, 'RECALL')).turn?.text ?? '',
          new RegExp(`^SAY I am ${name}\n[\\s\\S]*RECALL$`),
        );
      }),
    );
  });
}

suite('the daemon of real sessions', () => {
  test('drains at SIGTERM: turns are interrupted and kept, nothing is left [M3] [D3]', async (t) => {
    const bench = await ManagedBench.start(t, { program: newest });
    const daemon = await bench.startDaemon();
    await bench.spawn('worker');
    await bench.give('worker', 'RUN touch begun; sleep 600');
    await bench.give('worker', 'SAY waiting');
    await bench.exists('begun');
    process.kill(daemon, 'SIGTERM');
    await bench.home.waitUntilNothingRuns({ timeoutMs: PATIENCE_MS });
    await bench.startDaemon();
    assert.equal((await bench.session('worker')).state.state, 'stopped');
    assert.deepEqual(
      (await bench.prompts('worker')).map(({ ended }) => ended?.outcome),
      ['interrupted', 'dropped'],
    );
  });

  test('ends when its root is removed, and leaves nothing [D3]', async (t) => {
    const bench = await ManagedBench.start(t, { program: newest });
    await bench.spawn('worker');
    await bench.give('worker', 'RUN touch begun; sleep 600');
    await bench.exists('begun');
    rmSync(bench.root, { recursive: true, force: true, maxRetries: 5 });
    await bench.home.waitUntilNothingRuns({ timeoutMs: PATIENCE_MS });
    assert.ok(!existsSync(join(bench.root, 'daemon')), 'the folder is made again by who was to end');
  });

  test('ends by itself once nothing has run and nobody has called for long enough, and not before', async (t) => {
    const bench = await ManagedBench.start(t, {
      program: newest,
      settings: { daemonIdleMinutes: 0.02 },
    });
    await bench.spawn('worker');
    // It takes longer than the daemon may be idle.
    assert.match((await bench.ask('worker', 'RUN sleep 3; echo done')).turn?.text ?? '', /RAN\[done/);
    await bench.steer('worker', 'stop');
    await bench.home.waitUntilNothingRuns({ timeoutMs: PATIENCE_MS });
    await bench.startDaemon();
    assert.equal((await bench.session('worker')).state.state, 'stopped');
  });

  test('ends also when nothing can be kept any more, and leaves no process [D3]', async (t) => {
    const bench = await ManagedBench.start(t, { program: newest });
    const daemon = await bench.startDaemon();
    await bench.spawn('worker');
    await bench.give('worker', 'RUN touch begun; sleep 600');
    await bench.exists('begun');
    bench.breakStore();
    process.kill(daemon, 'SIGTERM');
    await untilGone(daemon);
    await bench.home.waitUntilNothingRuns({ timeoutMs: PATIENCE_MS });
  });

  test('logs JSON lines that only its user can read, without a word of what is said', async (t) => {
    const bench = await ManagedBench.start(t, { program: newest });
    await bench.spawn('worker');
    await bench.ask('worker', 'SAY a-secret-word');
    await bench.ask('worker', 'RUN echo a-secret-word');
    await bench.ask('worker', 'FAIL 400 a-secret-word');
    const { log } = bench.access.place;
    assert.equal(lstatSync(log).mode & 0o777, 0o600);
    const text = readFileSync(log, 'utf8');
    assert.ok(!text.includes('a-secret-word'));
    const lines = text
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as Record<string, unknown>);
    assert.ok(lines.length >= 4);
    for (const { at, level, event, pid } of lines) {
      assert.deepEqual(
        [typeof at, typeof level, typeof event, typeof pid],
        ['string', 'string', 'string', 'number'],
      );
    }
  });

  test('lets go of a watcher that does not read, whom no session waits for and who costs no memory to speak of', async (t) => {
    const bench = await ManagedBench.start(t, { program: newest });
    const daemon = await bench.startDaemon();
    await bench.spawn('worker');
    const silent = await watchWithoutReading(bench.access.place.socket);
    t.after(() => silent.destroy());
    const before = residentBytes(daemon);
    // Each result of a command is told, of 25 KB.
    const loud = 'LOOP 40 head -c 25000 /dev/zero | tr "\\0" x';
    assert.equal((await bench.ask('worker', loud)).turn?.text, 'LOOPED');
    const { watchers } = await bench.call<{ watchers: number }>('GET', '/v1/health');
    assert.ok(watchers <= 1);
    const grownMb = (residentBytes(daemon) - before) / 2 ** 20;
    assert.ok(grownMb < 200, `${grownMb.toFixed(0)} MB`);
  });
});

function residentBytes(pid: number): number {
  const [, pages = '0'] = readFileSync(`/proc/${pid}/statm`, 'utf8').split(' ');
  return Number(pages) * 4_096;
}

/** Asks for the events, and reads none of them. */
function watchWithoutReading(path: string): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect(path, () => {
      socket.pause();
      socket.write('GET /v1/events HTTP/1.1\r\nhost: daemon\r\n\r\n', () => resolve(socket));
    });
    socket.once('error', reject);
  });
}
