import { type ChildProcess, spawn } from 'node:child_process';
import type { SpawnedProcess, SpawnOptions } from '@anthropic-ai/claude-agent-sdk';
import { listLiveProcesses, type ProcessRoot, rootOf } from '../../../lib/live-processes.ts';
import { settlesWithin, signalProcess } from '../../../lib/stop-process.ts';

const STDERR_KEPT = 4_000;

/**
 * The process of one session, leader of a group of its own. The host puts each command that it runs into a further
 * group, which outlives a host that is killed: those are found by the mark in the environment that they inherit.
 */
export class ClaudeProcess {
  readonly pid: number;
  readonly exited: Promise<{ code: number | null; signal: NodeJS.Signals | null }>;
  readonly #child: ChildProcess;
  readonly #root: ProcessRoot;
  readonly #mark: string;
  #stderr = '';

  private constructor(child: ChildProcess, pid: number, mark: string) {
    this.#child = child;
    this.#mark = mark;
    this.pid = pid;
    this.#root = rootOf(pid);
    this.exited = new Promise((resolve) => child.once('exit', (code, signal) => resolve({ code, signal })));
    child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      this.#stderr = (this.#stderr + text).slice(-STDERR_KEPT);
    });
    // Who dies while it is written to is seen by its exit.
    child.stdin?.on('error', () => undefined);
  }

  /** Starts it as the Agent SDK asks for; undefined when the system does not start it, which the child tells the SDK. */
  static spawn(
    { command, args, cwd, env }: SpawnOptions,
    mark: string,
  ): { process: ClaudeProcess | undefined; child: SpawnedProcess } {
    const child = spawn(command, args, { cwd, env, detached: true, stdio: ['pipe', 'pipe', 'pipe'] });
    const { pid, stdin, stdout } = child;
    if (stdin === null || stdout === null) throw new Error(`${command} was started without pipes`);
    return { process: pid === undefined ? undefined : new ClaudeProcess(child, pid, mark), child };
  }

  /** The end of what it wrote to its standard error. */
  get stderr(): string {
    return this.#stderr;
  }

  /** SIGTERM to the group, then SIGKILL, each after its patience; then whatever it left. Resolves once all of it is gone. */
  async end({ afterMs, graceMs }: { afterMs: number; graceMs: number }): Promise<void> {
    if (!(await settlesWithin(this.exited, afterMs))) {
      signalProcess(-this.pid, 'SIGTERM');
      if (!(await settlesWithin(this.exited, graceMs))) signalProcess(-this.pid, 'SIGKILL');
    }
    await this.exited;
    await this.sweep();
  }

  /** Kills what the process left behind when it ended. */
  async sweep(): Promise<void> {
    await endMarked(this.#mark, [this.#root]);
    // A grandchild in the pipe would hold it open for ever.
    this.#child.stdout?.destroy();
    this.#child.stderr?.destroy();
  }
}

/** Kills every process that was started with that mark in its environment, or descends from one of the roots. */
export async function endMarked(mark: string, roots: readonly ProcessRoot[] = []): Promise<void> {
  // What is being started while it looks is found by the next look.
  for (let look = 0; look < SWEEPS; look += 1) {
    const left = await listLiveProcesses({ roots, mark });
    if (left.length === 0) return;
    for (const { pid } of left) signalProcess(pid, 'SIGKILL');
    await settlesWithin(NEVER, SWEEP_PAUSE_MS);
  }
}

const SWEEPS = 20;
const SWEEP_PAUSE_MS = 25;
const NEVER = new Promise<never>(() => undefined);
