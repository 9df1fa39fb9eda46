import {
  closeSync,
  fsyncSync,
  lstatSync,
  openSync,
  realpathSync,
  statfsSync,
  unlinkSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import { resolveConfig } from '../../config/config.ts';
import { trustFaults, trustFile } from '../../directory/trust.ts';
import { TEMPORARY_PREFIX } from '../../lib/atomic-write.ts';
import { unlessGone } from '../../lib/errno.ts';
import { randomId } from '../../lib/random-id.ts';
import { isThere, requireOwnFolder } from '../../mailbox/seat-folder.ts';
import { storageError } from '../../mailbox/storage-error.ts';
import type { InstallContext } from '../install-context.ts';
import { type Check, counted, fail, failWith, ok, someOf, warn } from './check.ts';
import { checkWatch } from './check-watch.ts';
import { isLoose, type RootScan, scanRoot } from './root-scan.ts';

const FIX = 'Run: cahoots doctor --fix';
const LOW_BYTES = 100 * 1024 * 1024;

/** The mailbox root: whose it is, who can get in, whether it can be written and watched, and the files for people in it. */
export async function checkRoot(context: InstallContext): Promise<Check[]> {
  const { root } = context.paths;
  if (!isThere(root)) {
    return [
      ok(
        'root',
        `the mailbox root ${root} does not exist yet: the first session or "cahoots start" makes it`,
      ),
    ];
  }
  try {
    // The root itself may be a link that the person made.
    requireOwnFolder(realpathSync(root));
  } catch (error) {
    return [failWith('root', storageError(error, `The mailbox root ${root} cannot be used`))];
  }
  const scan = scanRoot(root, context.clock.now());
  return [
    checkAccess(root),
    ...checkScan(scan),
    checkStorage(root),
    await checkWatch(root),
    checkSettings(context),
    ...checkTrust(root),
  ];
}

/** Our own folders in it are private by themselves; v1 makes the root, and its sessions, open to readers. */
function checkAccess(root: string): Check {
  const stat = lstatSync(realpathSync(root));
  if (!isLoose(stat)) return ok('root', `the mailbox root ${root} is yours, and nobody else can get into it`);
  const mode = `mode ${(stat.mode & 0o777).toString(8).padStart(4, '0')}, should be 0700`;
  if ((stat.mode & 0o022) !== 0)
    return fail('root', `other users can change what is in ${root} (${mode})`, FIX);
  return warn('root', `other users can look into ${root} (${mode})`, FIX);
}

function checkScan({ loose, links, foreign, unreadable, isComplete }: RootScan): Check[] {
  const looked = isComplete ? '' : ' (only the first 50000 files were looked at)';
  const checks = [
    ...(foreign.length === 0
      ? []
      : [
          fail(
            'owner',
            `${counted(foreign.length, 'entry').replace('entrys', 'entries')} in the root belong to another user: ${someOf(foreign)}`,
            'Find out who put them there, then remove them or take them over with chown.',
          ),
        ]),
    ...(links.length === 0
      ? []
      : [
          fail(
            'links',
            `links stand where only files of cahoots should be: ${someOf(links)}`,
            'Nothing is read or written through them. Find out who put them there, and remove them.',
          ),
        ]),
    ...(unreadable.length === 0
      ? []
      : [
          fail(
            'modes',
            `folders cannot be looked into: ${someOf(unreadable)}`,
            'Give yourself the rights back: chmod u+rwx',
          ),
        ]),
    ...(loose.length === 0
      ? []
      : [
          warn(
            'modes',
            `${counted(loose.length, 'file')} or folders give rights to others${looked}: ${someOf(loose)}`,
            FIX,
          ),
        ]),
  ];
  return checks.length > 0 ? checks : [ok('modes', `all files in it are private${looked}`)];
}

/** Writes and flushes a small file, as a message is written. */
function checkStorage(root: string): Check {
  const path = join(root, `${TEMPORARY_PREFIX}doctor-${process.pid}-${randomId(6)}`);
  try {
    const file = openSync(path, 'wx', 0o600);
    try {
      writeSync(file, Buffer.alloc(4096, 'x'));
      fsyncSync(file);
    } finally {
      closeSync(file);
      unlessGone(() => unlinkSync(path), undefined);
    }
  } catch (error) {
    return failWith('storage', storageError(error, `Nothing can be written to ${root}`));
  }
  const { bavail, bsize, ffree, files } = statfsSync(root);
  const free = bavail * bsize;
  const mebibytes = Math.round(free / 1024 / 1024);
  if (files > 0 && ffree < 1000)
    return warn(
      'storage',
      `only ${ffree} more files fit on the disk of ${root}`,
      'Remove files that you do not need.',
    );
  if (free < LOW_BYTES)
    return warn('storage', `only ${mebibytes} MiB are free for ${root}`, 'Free some space.');
  return ok(
    'storage',
    `it can be written, ${mebibytes >= 10_240 ? `${Math.round(mebibytes / 1024)} GiB` : `${mebibytes} MiB`} are free`,
  );
}

function checkSettings({ paths }: InstallContext): Check {
  try {
    resolveConfig({ env: paths.env, cwd: paths.projectDir });
    return ok('settings', 'your settings are valid');
  } catch (error) {
    return failWith('settings', error);
  }
}

/** Verdicts that cannot be read do not hold: a peer that was blocked gets through. */
function checkTrust(root: string): Check[] {
  const file = trustFile(root);
  const { unusable, unknown } = trustFaults(root);
  if (unusable !== undefined) {
    return [
      fail(
        'trust',
        `${file} ${unusable}`,
        'Your verdicts about peers do not hold. Correct the file, or remove it and decide anew (cahoots trust, block).',
      ),
    ];
  }
  if (unknown.length === 0) return [];
  return [
    warn(
      'trust',
      `${file} says about ${someOf(unknown)} what this version does not know`,
      'That verdict does not hold here; the others do. Decide anew: cahoots trust <peer>, cahoots block <peer>.',
    ),
  ];
}
