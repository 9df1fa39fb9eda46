import { readFile, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { COMMANDS } from '../src/cli/command-table.ts';
import { cliPage } from './docs/cli-page.ts';
import { presetsPage } from './docs/presets-page.ts';

const root = resolve(import.meta.dirname, '..');
const { values } = parseArgs({ options: { check: { type: 'boolean', default: false } } });
const pages = [
  { path: 'docs/cli.md', text: cliPage(COMMANDS) },
  { path: 'docs/presets.md', text: presetsPage() },
];
for (const { path, text } of pages) {
  const found = await readFile(join(root, path), 'utf8').catch(() => '');
  if (found === text) continue;
  if (values.check) {
    console.error(`${path} is not what the code says today. Run: npm run docs`);
    process.exitCode = 1;
  } else {
    await writeFile(join(root, path), text);
    console.log(`wrote ${path}`);
  }
}
