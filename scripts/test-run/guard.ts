// Loaded into the process of every test file, ahead of it.
import { after } from 'node:test';

/** How long a file may take to end by itself once its last test is over. */
const END_GRACE_MS = 3000;

const warnings: string[] = [];
process.on('warning', (warning) => warnings.push(warning.stack ?? String(warning)));

after(() => {
  setTimeout(() => {
    const open = process.getActiveResourcesInfo().join(', ');
    process.stderr.write(
      `The tests are over, but this keeps their process alive: ${open}. Close it in the test.\n`,
    );
    process.exit(1);
  }, END_GRACE_MS).unref();
});

process.on('exit', () => {
  for (const warning of warnings) process.stderr.write(`A process warning fails the run: ${warning}\n`);
  if (warnings.length > 0) process.exitCode = 1;
});
