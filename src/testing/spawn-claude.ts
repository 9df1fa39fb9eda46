import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import type { ClaudeCommand } from './claude-launch.ts';
import type { CleanHome } from './clean-home.ts';
import type { ExitFacts } from './terminal.ts';

/** A `claude` process without a terminal, leader of a group of its own. */
export interface SpawnedClaude {
  readonly child: ChildProcess;
  readonly pid: number;
  /** Settles at its exit; output that is still in the pipe may follow. */
  readonly exited: Promise<ExitFacts>;
  /** Settles once its output has ended too, which a grandchild that holds the pipe can delay without end. */
  readonly closed: Promise<unknown>;
}

/** Starts the command and tells the home. Rejects when it cannot be started. */
export async function spawnClaude(
  { file, args, cwd, env }: ClaudeCommand,
  { home, stdin }: { home: CleanHome; stdin: 'pipe' | 'ignore' },
): Promise<SpawnedClaude> {
  // Its own group: the stop ladder reaches what it started, and never the test.
  const child = spawn(file, args, { cwd, env, stdio: [stdin, 'pipe', 'pipe'], detached: true });
  const exited = new Promise<ExitFacts>((resolve) => {
    child.once('exit', (code, signal) => resolve({ code, signal }));
  });
  const closed = new Promise((resolve) => child.once('close', resolve));
  await once(child, 'spawn');
  const { pid } = child;
  if (pid === undefined) throw new Error(`${file} has no process id although it was started`);
  home.track(pid);
  return { child, pid, exited, closed };
}
