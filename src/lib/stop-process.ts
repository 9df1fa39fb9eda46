/** Sends a signal to a process, or to a whole group when `pid` is negative. False when there is none any more. */
export function signalProcess(pid: number, signal: NodeJS.Signals): boolean {
  try {
    process.kill(pid, signal);
    return true;
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ESRCH') return false;
    throw error;
  }
}

/** True when `settled` resolves within the time; one that is up already is as none at all. */
export async function settlesWithin(settled: Promise<unknown>, timeoutMs: number): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<false>((resolve) => {
    timer = setTimeout(() => resolve(false), Math.max(0, timeoutMs));
  });
  try {
    return await Promise.race([settled.then(() => true), late]);
  } finally {
    clearTimeout(timer);
  }
}

/**
 * Ends a process for certain: asks, then SIGTERM, then SIGKILL, the signals to its whole group, each with the given
 * patience. Resolves once it has exited. Children in other groups are left alone on purpose: that they end with their
 * owner is something that tests want to see, and `CleanHome.dispose` tells when they do not.
 */
export async function stopProcess({
  pid,
  exited,
  ask,
  patienceMs = 4_000,
}: {
  pid: number;
  exited: Promise<unknown>;
  /** The polite request; it may take several steps and must end once the process has exited. */
  ask: () => Promise<void> | void;
  patienceMs?: number;
}): Promise<void> {
  const asked = Promise.resolve(ask());
  if (!(await settlesWithin(exited, patienceMs))) {
    signalProcess(-pid, 'SIGTERM');
    if (!(await settlesWithin(exited, patienceMs))) signalProcess(-pid, 'SIGKILL');
  }
  await exited;
  await asked;
}
