import assert from 'node:assert/strict';
import { mkdirSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite, type TestContext, test } from 'node:test';
import { type FolderWatch, watchFolders } from '../../../src/lib/folder-watch.ts';
import { waitFor } from '../../../src/testing/wait-for.ts';
import { tempFolder } from '../../fixtures/temp-root.ts';

/** So slow that whatever is seen in a test was seen by an event. */
const NEVER_MS = 1_000_000;

suite('watching folders', () => {
  test('a file renamed into the folder is told within tens of milliseconds', async (t) => {
    const folder = tempFolder(t);
    mkdirSync(join(folder, 'inbox'));
    const seen = watch(t, [join(folder, 'inbox')], { rescanMs: NEVER_MS });
    assert.equal(seen.watch.mode, 'events');
    const delays: number[] = [];
    for (let i = 0; i < 20; i += 1) {
      writeFileSync(join(folder, 'new'), 'x');
      const calls = seen.calls();
      const before = performance.now();
      renameSync(join(folder, 'new'), join(folder, 'inbox', `${i}.json`));
      await waitFor(() => seen.calls() > calls, { what: 'the change', intervalMs: 1 });
      delays.push(performance.now() - before);
    }
    // On a busy machine some take long; what waits for a re-scan would take for ever.
    const quick = delays.sort((a, b) => a - b)[4] ?? NEVER_MS;
    assert.ok(quick < 50, `${quick.toFixed(1)} ms`);
  });

  test('a burst of changes in several folders gives few calls', async (t) => {
    const folder = tempFolder(t);
    const folders = ['a', 'b'].map((name) => join(folder, name));
    for (const path of folders) mkdirSync(path);
    const seen = watch(t, folders, { rescanMs: NEVER_MS });
    for (let i = 0; i < 500; i += 1) for (const path of folders) writeFileSync(join(path, String(i)), '');
    await waitFor(() => seen.calls() > 0, { what: 'the change' });
    assert.ok(seen.calls() < 50, `${seen.calls()} calls`);
  });

  test('a folder that is deleted and made again is seen again, by events, without waiting for the slow re-scan', async (t) => {
    const folder = join(tempFolder(t), 'inbox');
    mkdirSync(folder);
    const seen = watch(t, [folder], { rescanMs: NEVER_MS, pollMs: 10 });
    rmSync(folder, { recursive: true });
    await waitFor(() => seen.watch.mode === 'polling', { what: 'the loss to be noticed' });
    mkdirSync(folder);
    await waitFor(() => seen.watch.mode === 'events', { what: 'the folder to be watched again' });
    await changeIsSeen(seen, folder);
  });

  test('a folder that another one has replaced is seen by events after the next re-scan', async (t) => {
    const parent = tempFolder(t);
    const folder = join(parent, 'session', 'inbox');
    mkdirSync(folder, { recursive: true });
    const seen = watch(t, [folder], { rescanMs: 300, pollMs: 10 });
    renameSync(join(parent, 'session'), join(parent, 'aside'));
    mkdirSync(folder, { recursive: true });
    await waitFor(() => seen.calls() >= 2, { what: 'two re-scans' });
    const delays: number[] = [];
    for (let i = 0; i < 7; i += 1) {
      const calls = seen.calls();
      const before = performance.now();
      writeFileSync(join(folder, String(i)), '');
      await waitFor(() => seen.calls() > calls, { what: 'the change', intervalMs: 1 });
      delays.push(performance.now() - before);
    }
    const quick = delays.sort((a, b) => a - b)[2] ?? NEVER_MS;
    assert.ok(quick < 100, `${quick.toFixed(1)} ms`);
  });

  test('a folder that is not there yet is seen as soon as it is', async (t) => {
    const folder = join(tempFolder(t), 'inbox');
    const seen = watch(t, [folder], { rescanMs: NEVER_MS, pollMs: 10 });
    assert.equal(seen.watch.mode, 'polling');
    mkdirSync(folder);
    await waitFor(() => seen.watch.mode === 'events', { what: 'the folder to be watched' });
  });

  test('a folder that cannot be looked at for a while ends nothing, and is watched again afterwards', async (t) => {
    const folder = tempFolder(t);
    const inbox = join(folder, 'inbox');
    mkdirSync(inbox);
    const seen = watch(t, [inbox], { rescanMs: 20 });
    rmSync(inbox, { recursive: true });
    symlinkSync('inbox', inbox);
    await waitFor(() => seen.watch.mode === 'polling', { what: 'polling' });
    rmSync(inbox);
    mkdirSync(inbox);
    await waitFor(() => seen.watch.mode === 'events', { what: 'events again' });
  });

  test('a file whose name ends like the folder does not end the watch', async (t) => {
    const folder = join(tempFolder(t), 'inbox');
    mkdirSync(folder);
    const seen = watch(t, [folder], { rescanMs: NEVER_MS, pollMs: NEVER_MS });
    for (const name of ['x', 'box', 'inbox']) {
      const calls = seen.calls();
      writeFileSync(join(folder, name), '');
      await waitFor(() => seen.calls() > calls, { what: `the change by ${name}` });
      assert.equal(seen.watch.mode, 'events', name);
    }
    await changeIsSeen(seen, folder);
  });

  test('without any event the folders are looked at on the re-scan', async (t) => {
    const seen = watch(t, [tempFolder(t)], { rescanMs: 10 });
    await waitFor(() => seen.calls() >= 3, { what: 'three re-scans' });
  });

  test('after close nothing is called and nothing keeps the process alive; closing twice is fine', async (t) => {
    const folder = tempFolder(t);
    const seen = watch(t, [folder], { rescanMs: 5 });
    writeFileSync(join(folder, 'x'), '');
    seen.watch.close();
    seen.watch.close();
    const calls = seen.calls();
    writeFileSync(join(folder, 'y'), '');
    const other = watch(t, [folder], { rescanMs: 5 });
    await waitFor(() => other.calls() >= 3, { what: 'another watch to see it' });
    assert.equal(seen.calls(), calls);
  });
});

interface Seen {
  readonly watch: FolderWatch;
  calls(): number;
}

function watch(
  t: TestContext,
  folders: readonly string[],
  { rescanMs, pollMs = 10 }: { rescanMs: number; pollMs?: number },
): Seen {
  let calls = 0;
  const opened = watchFolders(folders, { onChange: () => (calls += 1), rescanMs, pollMs });
  t.after(() => opened.close());
  return { watch: opened, calls: () => calls };
}

async function changeIsSeen(seen: Seen, folder: string): Promise<void> {
  const calls = seen.calls();
  writeFileSync(join(folder, `change-${calls}`), '');
  await waitFor(() => seen.calls() > calls, { what: 'a change in the folder' });
}
