import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';

/** How long the helpers of a test's process may take to follow it. */
const END_GRACE_MS = 2000;

/**
 * Ends every process that was started in this run and still lives, and names each. They are known by the run's own
 * temporary folder in their environment or command line. Only Linux can tell; elsewhere none is found.
 */
export async function stopLeftProcesses(temporary: string): Promise<string[]> {
  if (process.platform !== 'linux') return [];
  const deadline = Date.now() + END_GRACE_MS;
  let found = await processesOf(temporary);
  while (found.size > 0 && Date.now() < deadline) {
    await setTimeout(50);
    found = await processesOf(temporary);
  }
  for (const pid of found.keys()) kill(pid);
  return [...found].map(([pid, command]) => `process ${pid}: ${command}`);
}

async function processesOf(temporary: string): Promise<Map<number, string>> {
  const found = new Map<number, string>();
  for (const name of await readdir('/proc')) {
    const pid = Number(name);
    if (!Number.isInteger(pid) || pid === process.pid) continue;
    const [environment, command] = await Promise.all([
      textOf(`/proc/${pid}/environ`),
      textOf(`/proc/${pid}/cmdline`),
    ]);
    if (!environment.includes(temporary) && !command.includes(temporary)) continue;
    found.set(pid, command.replaceAll('\0', ' ').trim().slice(0, 200));
  }
  return found;
}

function kill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}

/** Names what lies in the run's temporary folder, which every test has to leave empty. */
export async function findLeftFiles(temporary: string): Promise<string[]> {
  const names = await readdir(temporary);
  return names.map((name) => `temporary file ${join(temporary, name)}`);
}

async function textOf(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8');
  } catch {
    return '';
  }
}
