import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { runTests } from './test-run/run-tests.ts';
import { filesOfTier, selectFiles } from './test-run/select-files.ts';

const root = resolve(import.meta.dirname, '..');
const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    name: { type: 'string', multiple: true, default: [] },
    tier: { type: 'string', default: positionalsGiven() ? 'named' : 'first' },
  },
});
const { tier } = values;
const named = await selectFiles(root, positionals);
const files = tier === 'first' || tier === 'all' ? await filesOfTier(root, { files: named, tier }) : named;
process.env['TEST_TIER'] = tier;
const result = await runTests(root, files, { namePatterns: values.name });
// A test that is not run for want of a program is one that nobody would miss.
const isIncomplete = process.env['CI'] === 'true' && result.skipped > 0;
if (isIncomplete) console.error(`${result.skipped} tests were skipped: in CI nothing may be missing.`);
process.exitCode = result.failed === 0 && !isIncomplete ? 0 : 1;

/** Files or folders that are named are all run, whatever tier they belong to. */
function positionalsGiven(): boolean {
  return process.argv
    .slice(2)
    .some((word) => !word.startsWith('-') && !/^(?:unit|integration|e2e)$/.test(word));
}
