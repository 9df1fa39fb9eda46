import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { chmodSync, chownSync, mkdirSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { suite, type TestContext, test } from 'node:test';
import { createSeatFolder, openRoot, seatFolder } from '../../../src/mailbox/seat-folder.ts';
import type { SeatId } from '../../../src/protocol/ids.ts';
import { runProgram } from '../../fixtures/run-program.ts';
import { filesBelow, tempFolder, tempRoot } from '../../fixtures/temp-root.ts';

interface Failure {
  readonly code: string;
  readonly message: string;
  readonly remedy: string;
}

const NOBODY = '65534';
const isRoot = process.getuid?.() === 0;
const asOther = isRoot ? false : 'only the superuser can become another user';
const mounts = canMount() ? false : 'this machine lets nobody mount a file system of one’s own';

/** In a mount namespace of its own, so that nothing is left mounted whatever happens. */
const OWN_MOUNTS = isRoot ? ['unshare', '--mount'] : ['unshare', '--user', '--map-root-user', '--mount'];

function canMount(): boolean {
  try {
    const words = process.getuid?.() === 0 ? ['--mount'] : ['--user', '--map-root-user', '--mount'];
    execFileSync('unshare', [...words, 'mount', '-t', 'tmpfs', 'none', '/mnt'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

async function work(
  t: TestContext,
  root: string,
  { steps, user = '', mount }: { steps: readonly string[]; user?: string; mount?: string },
): Promise<Record<string, unknown>> {
  const prefix = mount === undefined ? [] : [...OWN_MOUNTS, 'sh', '-c', `${mount} && exec "$@"`, 'sh'];
  const run = await runProgram(t, 'storage-work.ts', { args: [root, user, ...steps], prefix });
  assert.deepEqual([run.code, run.stderr], [0, '']);
  return JSON.parse(run.stdout) as Record<string, unknown>;
}

/** A folder that other users can reach, though not list: the temporary folder of a run of tests is closed to them. */
function reachableFolder(t: TestContext): string {
  const folder = tempFolder(t);
  chmodSync(folder, 0o755);
  const above = dirname(folder);
  const { mode, uid } = statSync(above);
  if (uid === process.getuid?.() && (mode & 0o001) === 0) chmodSync(above, (mode & 0o777) | 0o011);
  return folder;
}

function failed(result: unknown, code: string, words: RegExp): void {
  assert.ok(typeof result === 'object' && result !== null && 'code' in result, JSON.stringify(result));
  const failure = result as Failure;
  assert.equal(failure.code, code, failure.message);
  assert.match(failure.message, words);
  assert.ok(failure.remedy.length > 10 && failure.message.endsWith(failure.remedy), failure.message);
}

suite('a root that cannot be used', () => {
  test('of another user: it is said whose it is, nothing is read and nothing written', {
    skip: asOther,
  }, async (t) => {
    reachableFolder(t);
    const { root, seat, send } = tempRoot(t);
    const [a, b] = [seat('aaaaaa'), seat('bbbbbb')];
    send(a, b);
    // Open modes, so that only the check of the owner is in the way.
    execFileSync('chmod', ['-R', '0777', dirname(root)]);
    const before = filesBelow(root);
    const results = await work(t, root, {
      user: NOBODY,
      steps: ['open', 'seats', 'take', 'send', 'pending', 'claim-and-settle'],
    });
    for (const step of ['open', 'seats', 'take', 'send', 'pending', 'claim-and-settle'])
      failed(results[step], 'root-not-ours', /belongs to user 0, not to you \(user 65534\)/);
    assert.deepEqual(filesBelow(root), before);
  });

  test('without permission to write: the sender is told and nothing is half sent', {
    skip: asOther,
  }, async (t) => {
    const parent = reachableFolder(t);
    const locked = join(parent, 'locked');
    mkdirSync(locked, { mode: 0o755 });
    failed(
      (await work(t, join(locked, 'bridge'), { user: NOBODY, steps: ['open'] }))['open'],
      'root-unusable',
      /permission is denied/,
    );
    const root = join(parent, 'bridge');
    openRoot(root);
    for (const id of ['aaaaaa', 'bbbbbb'] as SeatId[]) createSeatFolder(root, id);
    giveTo(Number(NOBODY), root);
    const inbox = seatFolder(root, 'bbbbbb' as SeatId).inbox;
    chmodSync(inbox, 0o500);
    const results = await work(t, root, { user: NOBODY, steps: ['open', 'send', 'pending'] });
    failed(results['send'], 'root-unusable', /The message to bbbbbb was not sent: permission is denied/);
    assert.deepEqual([results['open'], results['pending']], ['ok', []]);
    assert.deepEqual(
      filesBelow(root).filter((name) => name.includes('msg-')),
      [],
    );
    chmodSync(inbox, 0o700);
    assert.match(String((await work(t, root, { user: NOBODY, steps: ['send'] }))['send']), /^msg-/);
  });

  test('behind a folder that the user may not enter: every step says so', { skip: asOther }, async (t) => {
    const parent = reachableFolder(t);
    const root = join(parent, 'closed/bridge');
    openRoot(root);
    for (const id of ['aaaaaa', 'bbbbbb'] as SeatId[]) createSeatFolder(root, id);
    const steps = ['open', 'seats', 'take', 'send', 'pending', 'claim-and-settle', 'resend'];
    const results = await work(t, root, { user: NOBODY, steps });
    for (const step of steps) failed(results[step], 'root-unusable', /permission is denied/);
  });

  test('a folder in the inbox that the user may not touch keeps the other mail from nobody', {
    skip: asOther,
  }, async (t) => {
    const parent = reachableFolder(t);
    const root = join(parent, 'bridge');
    openRoot(root);
    for (const id of ['aaaaaa', 'bbbbbb'] as SeatId[]) createSeatFolder(root, id);
    giveTo(Number(NOBODY), root);
    const { inbox } = seatFolder(root, 'bbbbbb' as SeatId);
    mkdirSync(join(inbox, 'msg-000000000001.json'), { mode: 0 });
    writeFileSync(join(inbox, 'msg-000000000002.json'), '{}', { mode: 0 });
    const results = await work(t, root, { user: NOBODY, steps: ['send', 'pending', 'claim-and-settle'] });
    assert.deepEqual(results['pending'], [results['send']]);
    assert.deepEqual(results['claim-and-settle'], [results['send']]);
  });

  test('read-only: every step says so, none is lost, and reading mail is no fault', {
    skip: mounts,
  }, async (t) => {
    const { root, seat, send } = tempRoot(t);
    const [a, b] = [seat('aaaaaa'), seat('bbbbbb')];
    const { id } = send(a, b);
    const before = filesBelow(root);
    const mount = `mount --bind ${root} ${root} && mount -o remount,ro,bind ${root}`;
    const results = await work(t, root, {
      mount,
      steps: ['open', 'take', 'send', 'pending', 'claim-and-settle'],
    });
    for (const step of ['take', 'send', 'claim-and-settle'])
      failed(results[step], 'root-unusable', /the file system is read-only/);
    assert.deepEqual(results['pending'], [id]);
    assert.deepEqual(filesBelow(root), before);
  });
});

suite('a disk that is full', { concurrency: false }, () => {
  const onSmallDisk = (root: string): string => `mount -t tmpfs -o size=3m,mode=0700 none ${root}`;

  test('[M1] the sender is told that nothing was sent; what was sent before is still handed out, once', {
    skip: mounts,
  }, async (t) => {
    const root = tempFolder(t);
    const steps = ['open', 'seats', 'send', 'fill', 'send-large', 'pending', 'claim-and-settle'];
    const results = await work(t, root, { mount: onSmallDisk(root), steps });
    const { send, pending, ...rest } = results;
    assert.match(String(send), /^msg-/);
    failed(rest['send-large'], 'storage-full', /The message to bbbbbb was not sent: the disk is full/);
    assert.deepEqual(pending, [send], 'nothing of the large one is there');
    assert.deepEqual(
      rest['claim-and-settle'],
      [send],
      'that it was handled is known without space for a new copy',
    );
  });

  test('[M1] a message that cannot be marked as a repeat, or its receipt not written, is kept and the caller told', {
    skip: mounts,
  }, async (t) => {
    const root = tempFolder(t);
    const steps = ['open', 'seats', 'send', 'fill', 'receipt', 'release', 'take'];
    const results = await work(t, root, { mount: onSmallDisk(root), steps });
    failed(results['receipt'], 'storage-full', /could not be told to its sender: the disk is full/);
    failed(results['release'], 'storage-full', /could not be given back: the disk is full/);
    failed(results['take'], 'storage-full', /the disk is full/);
  });

  test('a root that cannot even be made says why', { skip: mounts }, async (t) => {
    const parent = tempFolder(t);
    const mount = `mount -t tmpfs -o size=1m,nr_inodes=1 none ${parent}`;
    const results = await work(t, join(parent, 'bridge'), { mount, steps: ['open'] });
    failed(results['open'], 'storage-full', /The mailbox root .* cannot be used: the disk is full/);
  });
});

function giveTo(user: number, folder: string): void {
  chownSync(folder, user, user);
  for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true }))
    chownSync(join(entry.parentPath, entry.name), user, user);
}
