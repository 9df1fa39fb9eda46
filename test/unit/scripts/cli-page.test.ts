import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { suite, test } from 'node:test';
import { cliPage } from '../../../scripts/docs/cli-page.ts';
import { COMMANDS } from '../../../src/cli/command-table.ts';

suite('the page about the command line', () => {
  test('is what the table of commands says today', async () => {
    const page = await readFile(join(resolve(import.meta.dirname, '../../..'), 'docs/cli.md'), 'utf8');
    assert.equal(page, cliPage(COMMANDS), 'run: npm run docs');
  });

  test('has a section for each command, with what it takes, its JSON, its exit statuses and its example', () => {
    const page = cliPage([
      {
        name: 'paint',
        group: 'Mail',
        summary: 'Paint something',
        details: ['With care.'],
        arguments: [{ name: 'what', summary: 'the thing', choices: ['wall', 'fence'], optional: true }],
        options: [{ name: 'coats', value: 'n', summary: 'how many', default: '2' }],
        json: '{id, parts: [{name}]}: id is a number; see [x]',
        example: '$ cahoots paint fence\ndone',
        exit: { 4: 'it rains' },
        run: async () => {},
      },
    ]);
    for (const part of [
      '| [`paint [what] [--coats <n>]`](#paint) | Paint something |',
      '## paint\n\n`cahoots paint [what] [--coats <n>]`\n\nPaint something.\n\nWith care.\n',
      '| `what` | the thing: wall, fence |\n| `--coats <n>` | how many (default: 2) |',
      'With `--json`: `{id, parts: [{name}]}`: id is a number; see `[x]`.',
      '| 4 | it rains |',
      '```console\n$ cahoots paint fence\ndone\n```\n',
    ]) {
      assert.ok(page.includes(part), part);
    }
  });
});
