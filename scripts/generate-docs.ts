import { readFile, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { COMMANDS } from '../src/cli/command-table.ts';
import { cliPage } from './docs/cli-page.ts';
import { presetsPage } from './docs/presets-page.ts';
import { toolListModule, withTools } from './docs/tool-pages.ts';

const root = resolve(import.meta.dirname, '..');
const { values } = parseArgs({ options: { check: { type: 'boolean', default: false } } });
/** A page that is generated whole gets its text; one of which a part is generated is given what it says now. */
const pages: readonly { path: string; text: (found: string) => string }[] = [
  { path: 'src/tools/tool-list.ts', text: toolListModule },
  ...['plugin/hooks/hooks.json', 'plugin/skills/bridge/SKILL.md', 'README.md'].map((path) => ({
    path,
    text: (found: string) => withTools(path, found),
  })),
  { path: 'docs/cli.md', text: () => cliPage(COMMANDS) },
  { path: 'docs/presets.md', text: presetsPage },
];
for (const page of pages) {
  const { path } = page;
  const found = await readFile(join(root, path), 'utf8').catch(() => '');
  const text = page.text(found);
  if (found === text) continue;
  if (values.check) {
    console.error(`${path} is not what the code says today. Run: npm run docs`);
    process.exitCode = 1;
  } else {
    await writeFile(join(root, path), text);
    console.log(`wrote ${path}`);
  }
}
