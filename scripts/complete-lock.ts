import { readFile, writeFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { completeLock, type LockFile } from './lock/platform-packages.ts';

const path = resolve(import.meta.dirname, '../package-lock.json');
const lock = JSON.parse(await readFile(path, 'utf8')) as LockFile;
const { completed, added } = completeLock(lock);
if (added.length > 0) await writeFile(path, `${JSON.stringify(completed, null, 2)}\n`);
console.log(
  added.length === 0 ? 'The lock file is complete.' : `Added to the lock file: ${added.join(', ')}`,
);
