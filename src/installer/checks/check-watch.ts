import { mkdirSync, readdirSync, readFileSync, readlinkSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { TRIAL_PREFIX } from '../../directory/retention.ts';
import { deferred } from '../../lib/deferred.ts';
import { errnoOf } from '../../lib/errno.ts';
import { watchFolders } from '../../lib/folder-watch.ts';
import { randomId } from '../../lib/random-id.ts';
import { type Check, ok, warn } from './check.ts';

const WITHIN_MS = 1000;
const NEVER_MS = 2 ** 30;
/** A session with its editor and its watchers takes several. */
const FEW_LEFT = 10;

/** Whether the file system tells of a new file in the root in time, and how many watches the system has left. */
export async function checkWatch(root: string): Promise<Check> {
  const folder = join(root, `${TRIAL_PREFIX}${process.pid}-${randomId(6)}`);
  try {
    mkdirSync(folder, { mode: 0o700 });
    return await watchFor(folder);
  } catch (error) {
    if (errnoOf(error) === undefined) throw error;
    return warn('watch', `changes cannot be tried: ${errnoOf(error)}`, 'See the line about storage.');
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function watchFor(folder: string): Promise<Check> {
  const seen = deferred<number | undefined>();
  const startedMs = performance.now();
  const watch = watchFolders([folder], {
    onChange: () => seen.resolve(performance.now() - startedMs),
    rescanMs: NEVER_MS,
    pollMs: NEVER_MS,
  });
  const timer = setTimeout(() => seen.resolve(undefined), WITHIN_MS);
  try {
    if (watch.mode === 'polling') return withoutEvents('the system has no watch left');
    writeFileSync(join(folder, 'event'), '', { mode: 0o600 });
    const tookMs = await seen.promise;
    return tookMs === undefined ? withoutEvents('no event came within a second') : withEvents(tookMs);
  } finally {
    clearTimeout(timer);
    watch.close();
  }
}

function withEvents(tookMs: number): Check {
  const use = inotifyUse();
  const told = `the file system tells of new mail (in ${Math.max(1, Math.round(tookMs))} ms)`;
  if (use === undefined) return ok('watch', told);
  const { used, limit } = use;
  if (limit - used < FEW_LEFT) {
    return warn(
      'watch',
      `only ${limit - used} of ${limit} inotify instances are left for you`,
      MORE_INSTANCES,
    );
  }
  return ok('watch', `${told}; ${used} of ${limit} inotify instances are in use`);
}

function withoutEvents(why: string): Check {
  return warn(
    'watch',
    `${why}: mail is looked for a few times a second instead`,
    process.platform === 'linux' ? MORE_INSTANCES : 'Put the mailbox root on a local disk (BRIDGE_DIR).',
  );
}

const MORE_INSTANCES =
  'On a local disk raise the limit: sudo sysctl fs.inotify.max_user_instances=1024; a network disk gives no events (set BRIDGE_DIR to a local folder).';

/** The inotify instances of this user, where the system tells (Linux). */
function inotifyUse(): { used: number; limit: number } | undefined {
  if (process.platform !== 'linux') return undefined;
  try {
    const limit = Number(readFileSync('/proc/sys/fs/inotify/max_user_instances', 'utf8'));
    const pids = readdirSync('/proc').filter((name) => /^\d+$/.test(name) && isOurs(name));
    return { used: pids.reduce((sum, pid) => sum + inotifyInstancesOf(pid), 0), limit };
  } catch (error) {
    if (errnoOf(error) === undefined) throw error;
    return undefined;
  }
}

function isOurs(pid: string): boolean {
  try {
    return statSync(`/proc/${pid}`).uid === process.getuid?.();
  } catch (error) {
    if (errnoOf(error) === undefined) throw error;
    return false;
  }
}

function inotifyInstancesOf(pid: string): number {
  try {
    return readdirSync(`/proc/${pid}/fd`).filter(
      (fd) => linkOf(`/proc/${pid}/fd/${fd}`) === 'anon_inode:inotify',
    ).length;
  } catch (error) {
    if (errnoOf(error) === undefined) throw error;
    return 0;
  }
}

function linkOf(path: string): string {
  try {
    return readlinkSync(path);
  } catch (error) {
    if (errnoOf(error) === undefined) throw error;
    return '';
  }
}
