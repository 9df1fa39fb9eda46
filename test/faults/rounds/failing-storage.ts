import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { cleanEnv, startCommand } from '../../fixtures/run-program.ts';
import type { Audit } from '../audit.ts';
import type { RoundBench } from '../round.ts';
import type { StorageReport } from '../storage-main.ts';

const MAIN = join(import.meta.dirname, '../storage-main.ts');

/** In a mount namespace of its own, so that nothing is left mounted whatever happens. */
const OWN_MOUNTS =
  process.getuid?.() === 0 ? ['unshare', '--mount'] : ['unshare', '--user', '--map-root-user', '--mount'];

/** Why no small disk can be mounted here; undefined when one can. */
export function whyNoMounts(): string | undefined {
  const [command = '', ...args] = OWN_MOUNTS;
  try {
    execFileSync(command, [...args, 'mount', '-t', 'tmpfs', 'none', '/mnt'], { stdio: 'ignore' });
    return undefined;
  } catch {
    return 'this machine lets nobody mount a file system of one’s own';
  }
}

/**
 * A disk that runs full, or becomes read-only, while senders and readers work on it and are killed, and is as before after
 * a while. Who cannot do its work meanwhile is told so.
 */
export async function failingStorage(bench: RoundBench): Promise<Audit> {
  const { ledger, folder } = bench;
  const mount = `mount -t tmpfs -o size=4m,mode=0700 none ${folder} && exec "$@"`;
  const words = [
    ...OWN_MOUNTS,
    'sh',
    '-c',
    mount,
    'sh',
    process.execPath,
    MAIN,
    folder,
    String(bench.random.seed()),
  ];
  const run = await startCommand(bench.lifetime, words, { env: cleanEnv(), cwd: '/' }).ended;
  if (run.code !== 0) throw new Error(`the round on a small disk ended with ${run.code}: ${run.stderr}`);
  const report = JSON.parse(run.stdout) as StorageReport;
  Object.assign(ledger.kills, report.kills);
  ledger.refusals = report.refusals;
  return report.audit;
}
