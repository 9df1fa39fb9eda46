import { version } from '../lib/version.ts';
import { runCli } from './run-cli.ts';
import { Ending } from './terminal/ending.ts';
import { StandardStream } from './terminal/standard-stream.ts';

const ending = new Ending((status) => process.exit(status));
const stdout = new StandardStream(1, () => process.stdout);
const status = await runCli(process.argv.slice(2), {
  env: process.env,
  cwd: () => process.cwd(),
  stdin: () => process.stdin,
  stdout,
  stderr: new StandardStream(2, () => process.stderr),
  ending,
  version,
});
process.exitCode = ending.status ?? status;
// Text that nobody reads any more would keep the process waiting.
if (ending.status !== undefined || stdout.hasUnread) process.exit();
