import { settlesWithin, signalProcess } from '../lib/stop-process.ts';
import { type ClaudeLaunch, claudeCommand } from './claude-launch.ts';
import { spawnClaude } from './spawn-claude.ts';
import type { ExitFacts } from './terminal.ts';
import { timeoutError } from './wait-for.ts';

/** How a run ended and what it wrote. */
export interface ClaudeRun extends ExitFacts {
  readonly stdout: string;
  readonly stderr: string;
}

/**
 * Runs `claude -p <prompt>` to its end, with plain text as its output. At the deadline (default 30,000 ms) its group is
 * killed and the promise rejects with what it had written.
 */
export async function runClaude(
  launch: ClaudeLaunch & { readonly prompt: string; readonly timeoutMs?: number },
): Promise<ClaudeRun> {
  const { home, prompt, timeoutMs = 30_000 } = launch;
  const command = claudeCommand(launch, ['-p']);
  // Behind `--`, because options that take several values would swallow the prompt.
  const args = [...command.args, '--', prompt];
  const { child, pid, exited, closed } = await spawnClaude({ ...command, args }, { home, stdin: 'ignore' });
  let stdout = '';
  let stderr = '';
  child.stdout?.setEncoding('utf8').on('data', (text: string) => (stdout += text));
  child.stderr?.setEncoding('utf8').on('data', (text: string) => (stderr += text));
  if (!(await settlesWithin(exited, timeoutMs))) {
    signalProcess(-pid, 'SIGKILL');
    throw timeoutError({
      what: 'the end of claude -p',
      timeoutMs,
      explain: () => `it wrote:\n${stdout}${stderr}`,
    });
  }
  await settlesWithin(closed, 1_000);
  return { ...(await exited), stdout, stderr };
}
