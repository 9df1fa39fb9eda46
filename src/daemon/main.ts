import { version } from '../lib/version.ts';
import { accountForTheDead, type DaemonOptions, startDaemon } from './compose.ts';

/** What this program does when it is started because a daemon was killed. */
const AFTER_DEATH = '--after-death';

async function run(): Promise<void> {
  const [, program = ''] = process.argv;
  const options: DaemonOptions = {
    env: process.env,
    cwd: process.cwd(),
    version,
    afterDeath: [process.execPath, program, AFTER_DEATH],
  };
  if (process.argv.includes(AFTER_DEATH)) {
    await accountForTheDead(options);
    return;
  }
  const daemon = await startDaemon(options);
  if (daemon === undefined) return;
  for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) {
    process.on(signal, () => void daemon.end(signal));
  }
  for (const fault of ['uncaughtException', 'unhandledRejection'] as const) {
    process.on(fault, (error) => daemon.fault(error));
  }
  await daemon.ended;
}

run().then(
  () => process.exit(0),
  (error: unknown) => {
    process.stderr.write(
      `cahoots: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`,
    );
    process.exit(1);
  },
);
