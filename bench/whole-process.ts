import { spawn } from 'node:child_process';
import { once } from 'node:events';

export interface ProcessRun {
  readonly file: string;
  readonly args: readonly string[];
  readonly env: NodeJS.ProcessEnv;
  readonly cwd?: string;
}

/** Runs a command to its end and returns how long that took, in milliseconds. Throws when it fails. */
export async function wholeProcess({ file, args, env, cwd }: ProcessRun): Promise<number> {
  const start = performance.now();
  const child = spawn(file, args, {
    env,
    stdio: ['ignore', 'pipe', 'pipe'],
    ...(cwd === undefined ? {} : { cwd }),
  });
  let errors = '';
  child.stderr.on('data', (chunk: Buffer) => {
    errors += chunk.toString();
  });
  child.stdout.resume();
  const [code] = (await once(child, 'exit')) as [number | null];
  if (code !== 0) throw new Error(`${args.join(' ')} ended with ${code}: ${errors}`);
  return performance.now() - start;
}

/** Runs several commands in turn, so that what the machine does meanwhile falls on all alike; one list of times each. */
export async function inTurn(
  rounds: number,
  ...runs: readonly (() => Promise<number>)[]
): Promise<number[][]> {
  const times = runs.map((): number[] => []);
  for (let round = -1; round < rounds; round += 1) {
    for (const [index, run] of runs.entries()) {
      const ms = await run();
      // The first round fills the compile cache and the page cache.
      if (round >= 0) times[index]?.push(ms);
    }
  }
  return times;
}
