import { readFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { ENTRIES } from './build/entries.ts';
import { buildProject } from './build/project.ts';

const root = resolve(import.meta.dirname, '..');
const { values } = parseArgs({ options: { clean: { type: 'boolean', default: false } } });
const startedAt = performance.now();
const manifest: unknown = JSON.parse(await readFile(join(root, 'package.json'), 'utf8'));
const built = await buildProject(root, ENTRIES, { manifest, removeAllStrays: values.clean });
const seconds = ((performance.now() - startedAt) / 1000).toFixed(1);
console.log(
  `built ${built.files} files (${built.written} changed, ${built.removed} removed) in ${seconds} s`,
);
