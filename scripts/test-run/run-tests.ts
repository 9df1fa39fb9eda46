import { chmod, mkdtemp, realpath, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { run } from 'node:test';
import { spec } from 'node:test/reporters';
import { findLeftFiles, stopLeftProcesses } from './leftovers.ts';
import { scrubEnvironment } from './scrub-environment.ts';

/** Two cores are what a small machine has, and the integration tests start processes of their own. */
const CONCURRENCY = 2;
const TEST_TIMEOUT_MS = 180_000;
/** So many files are named at the end of a run with more of them. */
const SLOWEST = 10;

/** What a run amounted to. Whatever else went wrong than a test counts as a failure. */
export interface TestTotals {
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
}

/**
 * Runs test files, each in a process of its own, and prints what happened, at the end `N passed, N failed`. A file that
 * crashes, ends late or emits a process warning fails; so does a run that leaves a process or a temporary file behind.
 */
export async function runTests(
  root: string,
  files: readonly string[],
  {
    namePatterns = [],
    output = process.stdout,
  }: { namePatterns?: readonly string[]; output?: NodeJS.WritableStream } = {},
): Promise<TestTotals> {
  const startedAt = performance.now();
  const temporary = await realpath(await mkdtemp(join(tmpdir(), 'ct-')));
  // Tests about another user's rights run programs as that user: it must be able to pass through.
  await chmod(temporary, 0o711);
  scrubEnvironment(process.env, temporary);
  const stream = run({
    cwd: root,
    files: files.map((file) => join(root, file)),
    concurrency: CONCURRENCY,
    timeout: TEST_TIMEOUT_MS,
    testNamePatterns: [...namePatterns],
    execArgv: ['--throw-deprecation', '--import', new URL('guard.ts', import.meta.url).href],
  });
  const totals = { passed: 0, failed: 0, skipped: 0 };
  const slowest: { file: string; seconds: number }[] = [];
  stream.on('test:summary', ({ file, counts, duration_ms: durationMs }) => {
    if (file !== undefined) {
      slowest.push({ file: relative(root, file), seconds: durationMs / 1000 });
      return;
    }
    totals.passed = counts.passed;
    totals.skipped = counts.skipped + counts.todo;
    totals.failed = counts.tests - totals.passed - totals.skipped;
  });
  for await (const chunk of stream.compose(spec)) output.write(chunk as string | Uint8Array);

  const left = [...(await stopLeftProcesses(temporary)), ...(await findLeftFiles(temporary))];
  await rm(temporary, { recursive: true, force: true });
  for (const line of left) output.write(`LEFT BEHIND: ${line}\n`);
  totals.failed += left.length;
  if (slowest.length > SLOWEST) output.write(slowestFiles(slowest));
  const skipped = totals.skipped > 0 ? `, ${totals.skipped} skipped` : '';
  const seconds = ((performance.now() - startedAt) / 1000).toFixed(1);
  output.write(`\n${totals.passed} passed, ${totals.failed} failed${skipped} (${seconds} s)\n`);
  return totals;
}

function slowestFiles(files: readonly { file: string; seconds: number }[]): string {
  const rows = files
    .toSorted((a, b) => b.seconds - a.seconds)
    .slice(0, SLOWEST)
    .map(({ file, seconds }) => `${seconds.toFixed(1).padStart(8)} s  ${file}`);
  return `\nThe ${SLOWEST} slowest files:\n${rows.join('\n')}\n`;
}
