import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { runTests } from './test-run/run-tests.ts';
import { selectFiles } from './test-run/select-files.ts';

const root = resolve(import.meta.dirname, '..');
const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { name: { type: 'string', multiple: true, default: [] } },
});
const files = await selectFiles(root, positionals);
const result = await runTests(root, files, { namePatterns: values.name });
process.exitCode = result.failed === 0 ? 0 : 1;
