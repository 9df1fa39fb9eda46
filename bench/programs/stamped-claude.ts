// A claude whose lines with a mark are stamped the moment before they are passed on: `<mark> <monotonic ns>` in a file.
import { spawn } from 'node:child_process';
import { appendFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { STAMPED } from '../managed/stamps.ts';

const [, , stamps = '', claude = '', ...args] = process.argv;
const child = spawn(claude, args, { stdio: ['inherit', 'pipe', 'inherit'] });
createInterface({ input: child.stdout }).on('line', (line) => {
  const mark = STAMPED.exec(line)?.[0];
  const atNs = process.hrtime.bigint();
  process.stdout.write(`${line}\n`);
  if (mark !== undefined && line.includes('"type":"assistant"')) appendFileSync(stamps, `${mark} ${atNs}\n`);
});
child.once('exit', (code, signal) => process.exit(signal === null ? (code ?? 1) : 1));
for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) process.on(signal, () => child.kill(signal));
