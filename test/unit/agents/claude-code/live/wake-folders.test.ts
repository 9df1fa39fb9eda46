import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readdirSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite, test } from 'node:test';
import {
  removeEndedWakeFolders,
  wakeFolderName,
  wakeFoldersOf,
} from '../../../../../src/agents/claude-code/live/wake-folders.ts';
import { thisProcess } from '../../../../../src/lib/process-identity.ts';
import { DAY_MS, deadProcess, tempFolder } from '../../../../fixtures/temp-root.ts';

suite('the wake files of sessions that have ended', () => {
  test('[M5] are removed; those of living sessions, and what is not ours, stay', (t) => {
    const root = tempFolder(t);
    const living = wakeFolderName(thisProcess());
    const dead = wakeFolderName(deadProcess());
    for (const name of [living, dead, 'notes', 'a-1-2']) {
      mkdirSync(join(wakeFoldersOf(root), name), { recursive: true });
      writeFileSync(join(wakeFoldersOf(root), name, 'armed'), '');
    }
    removeEndedWakeFolders(root, Date.now());
    assert.deepEqual(readdirSync(wakeFoldersOf(root)).sort(), [living, 'notes', 'a-1-2'].sort());
  });

  test('of another boot or container are removed after a month', (t) => {
    const root = tempFolder(t);
    const foreign = join(wakeFoldersOf(root), wakeFolderName({ pid: 1, start: '1', host: '0badcafe' }));
    mkdirSync(foreign, { recursive: true });
    removeEndedWakeFolders(root, Date.now());
    assert.ok(existsSync(foreign));
    const longAgo = (Date.now() - 31 * DAY_MS) / 1000;
    utimesSync(foreign, longAgo, longAgo);
    removeEndedWakeFolders(root, Date.now());
    assert.equal(existsSync(foreign), false);
  });

  test('are no fault where there never were any', (t) => {
    const root = join(tempFolder(t), 'nothing');
    removeEndedWakeFolders(root, Date.now());
    assert.equal(existsSync(root), false);
  });
});
