import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';

/** What takes too long for every change: its last result is kept in the repository, with the commit that it was run on. */
const LONG: readonly { name: string; command: readonly string[] }[] = [
  { name: 'faults', command: ['test/faults/main.ts', '--rounds', '300'] },
  {
    name: 'soak',
    command: ['test/soak/main.ts', '--sessions', '20', '--turns', '200', '--daemon-kills', '4'],
  },
];

const root = resolve(import.meta.dirname, '..');
const { stdout } = await promisify(execFile)('git', ['rev-parse', 'HEAD'], { cwd: root });
const results = [];
for (const { name, command } of LONG) {
  const startedAt = performance.now();
  const child = spawn(process.execPath, command, { cwd: root, stdio: 'inherit' });
  const [code] = (await once(child, 'exit')) as [number | null];
  const seconds = Math.round((performance.now() - startedAt) / 1000);
  results.push({ name, command: `node ${command.join(' ')}`, passed: code === 0, seconds });
}
const record = { commit: stdout.trim(), date: new Date().toISOString().slice(0, 10), results };
await writeFile(join(root, 'bench/results/long-tests.json'), `${JSON.stringify(record, null, 2)}\n`);
process.exitCode = results.every(({ passed }) => passed) ? 0 : 1;
