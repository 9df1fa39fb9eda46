import { spawn } from 'node:child_process';

/** Runs a program should this process end without having said so. */
export interface Watchdog {
  /** This process ends in order: nothing is left to be seen to. Idempotent. */
  dismiss(): void;
}

/** Ends when it is told to; when its input ends without a word, its owner was killed. */
const SCRIPT = 'read -r word && exit 0; exec "$@"';

/**
 * Starts a shell that waits for the end of this process and, when that was a crash or a kill, becomes the program. A
 * shell that waits costs next to nothing, and cannot be killed with the process group of its owner.
 *
 * On Windows there is none: what is left is seen to when the next daemon starts.
 */
export function startWatchdog(
  command: readonly string[],
  { env }: { env: Readonly<Record<string, string>> },
): Watchdog {
  if (process.platform === 'win32') return { dismiss: () => undefined };
  const shell = spawn('/bin/sh', ['-c', SCRIPT, 'cahoots-watchdog', ...command], {
    env,
    detached: true,
    stdio: ['pipe', 'ignore', 'ignore'],
  });
  // Without it nothing is lost but the early clean-up.
  shell.on('error', () => undefined);
  shell.stdin.on('error', () => undefined);
  shell.unref();
  return {
    dismiss: () => {
      if (!shell.stdin.writableEnded) shell.stdin.end('bye\n');
    },
  };
}
