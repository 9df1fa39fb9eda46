import { readFileSync } from 'node:fs';
import { constants } from 'node:os';
import { runCli } from './run-cli.ts';

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

const ending = new AbortController();
let endedBy: number | undefined;

// The first signal ends what is under way in good order, a second one at once.
for (const name of SIGNALS) {
  process.on(name, () => {
    if (endedBy !== undefined) process.exit(128 + constants.signals[name]);
    endedBy = 128 + constants.signals[name];
    ending.abort();
  });
}

// A write that fails rejects where it was made; unheard, the event would end the process as well.
for (const stream of [process.stdout, process.stderr]) stream.on('error', () => undefined);

const status = await runCli(process.argv.slice(2), {
  env: process.env,
  cwd: () => process.cwd(),
  stdin: () => process.stdin,
  stdout: process.stdout,
  stderr: process.stderr,
  signal: ending.signal,
  version: packageVersion(),
});
process.exitCode = endedBy ?? status;
// Text that nobody reads any more would keep the process waiting.
if (endedBy !== undefined || process.stdout.writableLength > 0) process.exit();

function packageVersion(): string {
  const manifest: unknown = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8'));
  return (manifest as { version: string }).version;
}
