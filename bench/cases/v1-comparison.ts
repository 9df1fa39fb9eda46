import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { BenchCase } from '../bench-case.ts';
import { figuresOf } from '../figures.ts';
import { liftLimitsIn } from '../lifted-limits.ts';
import { type Scratch, scratch } from '../scratch.ts';
import { inTurn, type ProcessRun, wholeProcess } from '../whole-process.ts';

const CLI = resolve(import.meta.dirname, '../../dist/cli/main.js');
const V1 = resolve(import.meta.dirname, '../../test/fixtures/v1/v1.sh');
const SEND_ROUNDS = 20;
const LISTEN_ROUNDS = 20;
const V1_POLL_MS = 3_000;

/** The same two steps with cahoots and the way session-bridge v1 does them: bash, jq, and a look every three seconds. */
export const v1Comparison: BenchCase = {
  name: 'v1-comparison',
  summary:
    "sending, and send → printed by a waiting listener, beside v1's way (the tests' stand-in for its scripts)",
  async run(effort) {
    const place = scratch();
    try {
      liftLimitsIn(place.root);
      const from = { ours: ourEnd(place, 'from-ours'), v1: v1End(place, 'from-v1') };
      const to = { ours: ourEnd(place, 'to-ours'), v1: v1End(place, 'to-v1') };
      const rounds = (count: number): number => Math.max(3, Math.round(count * effort));
      const [ourSend = [], v1Send = []] = await inTurn(
        rounds(SEND_ROUNDS),
        () => wholeProcess(from.ours.run(['send', 'to-ours', 'hello'])),
        () => wholeProcess(from.v1.run(['send', to.v1.id, 'query', 'hello'])),
      );
      await emptied(to.ours.run(['listen', '--wait', '0']));
      await emptied(to.v1.run(['listen', '0']));
      const [ourListen = [], v1Listen = []] = await inTurn(
        rounds(LISTEN_ROUNDS),
        () => heard(to.ours.run(['listen', '--wait', '30']), from.ours.run(['send', 'to-ours', 'hello'])),
        () => heard(to.v1.run(['listen', '30']), from.v1.run(['send', to.v1.id, 'query', 'hello'])),
      );
      return [
        { name: 'cahoots send, whole process', unit: 'ms', figures: figuresOf(ourSend) },
        { name: "v1's send, whole process", unit: 'ms', figures: figuresOf(v1Send) },
        { name: 'cahoots: send → listen has printed it', unit: 'ms', figures: figuresOf(ourListen) },
        { name: 'v1: send → listen has printed it', unit: 'ms', figures: figuresOf(v1Listen) },
      ];
    } finally {
      place.dispose();
    }
  },
};

interface End {
  readonly id: string;
  run(words: readonly string[]): ProcessRun;
}

function ourEnd(place: Scratch, name: string): End {
  const run = runner(place, name, [process.execPath, CLI]);
  const { file, args, env, cwd } = run(['start', '--name', name, '--json']);
  const { id } = JSON.parse(execFileSync(file, args, { env, cwd, encoding: 'utf8' })) as { id: string };
  return { id, run };
}

function v1End(place: Scratch, name: string): End {
  const run = runner(place, name, ['bash', V1]);
  const { file, args, env, cwd } = run(['register']);
  return { id: execFileSync(file, args, { env, cwd, encoding: 'utf8' }).trim(), run };
}

function runner(
  { folder, root }: Scratch,
  name: string,
  [file = '', ...first]: readonly string[],
): End['run'] {
  const cwd = join(folder, name);
  mkdirSync(cwd, { recursive: true });
  const env = { PATH: process.env['PATH'], HOME: folder, BRIDGE_DIR: root, PROJECT_DIR: cwd };
  return (args) => ({ file, args: [...first, ...args], env, cwd });
}

/** Listens until nothing is left, which ends with another code than 0. */
async function emptied(listen: ProcessRun): Promise<void> {
  for (;;) {
    try {
      await wholeProcess(listen);
    } catch {
      return;
    }
  }
}

/** From the start of a sending process to the end of a listener that has been waiting for some time. */
async function heard({ file, args, env, cwd }: ProcessRun, send: ProcessRun): Promise<number> {
  const listener = spawn(file, args, { env, stdio: 'ignore', ...(cwd === undefined ? {} : { cwd }) });
  const ended = once(listener, 'exit');
  // At any moment of v1's three seconds.
  await sleep(1_000 + Math.random() * V1_POLL_MS);
  const start = performance.now();
  await wholeProcess(send);
  const [code] = (await ended) as [number | null];
  if (code !== 0) throw new Error(`the listener ended with ${code}`);
  return performance.now() - start;
}
