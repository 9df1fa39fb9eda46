import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import type { CommandSpec } from '../../../src/cli/command.ts';
import { readCommandLine, type TypedWords } from '../../../src/cli/command-line.ts';
import { COMMANDS } from '../../../src/cli/command-table.ts';
import { CahootsError } from '../../../src/protocol/errors.ts';

const SPEC: CommandSpec = {
  name: 'paint',
  group: 'Mail',
  summary: 'Paint something',
  arguments: [
    { name: 'what', summary: 'the thing' },
    { name: 'colour', summary: 'a colour', choices: ['red', 'blue'], optional: true },
  ],
  options: [
    { name: 'coats', value: 'n', summary: 'how many', default: '1' },
    { name: 'dry', summary: 'let it dry' },
  ],
  json: '{}',
  example: '$ cahoots paint fence',
  exit: {},
  run: async () => {},
};
const OTHER: CommandSpec = { ...SPEC, name: 'seat', arguments: [], options: [] };

function read(...words: string[]): { name: string; words: TypedWords } | string {
  const line = readCommandLine(words, { commands: [SPEC, OTHER], version: '1.2.3' });
  return line.kind === 'text' ? line.text : { name: line.spec.name, words: line.words };
}

function textOf(...words: string[]): string {
  const line = read(...words);
  return typeof line === 'string' ? line : assert.fail('it was taken for a command');
}

function complaint(...words: string[]): string {
  try {
    read(...words);
  } catch (error) {
    assert.ok(error instanceof CahootsError && error.code === 'usage');
    return error.message;
  }
  return assert.fail('it was understood');
}

suite('the words of a command line', () => {
  test('arguments and options come by their names, with defaults', () => {
    assert.deepEqual(read('paint', 'fence'), {
      name: 'paint',
      words: {
        arguments: { what: 'fence', colour: undefined },
        options: { coats: '1' },
        json: false,
        as: undefined,
      },
    });
    assert.deepEqual(read('paint', 'fence', 'red', '--coats', '3', '--dry', '--json', '--as=me'), {
      name: 'paint',
      words: {
        arguments: { what: 'fence', colour: 'red' },
        options: { coats: '3', dry: true },
        json: true,
        as: 'me',
      },
    });
  });

  test('the common options may stand before the command, and a command’s name may be a value', () => {
    const line = read('--json', '--as', 'paint', 'seat');
    assert.deepEqual(line, {
      name: 'seat',
      words: { arguments: {}, options: {}, json: true, as: 'paint' },
    });
    assert.deepEqual((read('paint', 'seat') as { words: TypedWords }).words.arguments['what'], 'seat');
  });

  test('what follows two dashes is text', () => {
    const line = read('paint', '--', '--json') as { words: TypedWords };
    assert.deepEqual([line.words.arguments['what'], line.words.json], ['--json', false]);
  });

  test('a single dash is an argument', () => {
    assert.equal((read('paint', '-') as { words: TypedWords }).words.arguments['what'], '-');
  });

  test('help names every command, whichever was asked for', () => {
    assert.match(textOf('--help'), /paint.*\n.*seat/s);
    assert.match(textOf('help', 'paint'), /^Usage: cahoots paint \[options\] <what> \[colour\]/);
    assert.match(textOf('paint', '--help'), /Example:\n {2}\$ cahoots paint fence/);
    assert.equal(textOf('--version'), '1.2.3\n');
  });

  test('what is not known is said in a sentence with the nearest that is', () => {
    assert.match(complaint('pain', 'x'), /^Unknown command 'pain'\. Did you mean paint\? See: /);
    assert.match(complaint('paint', 'x', '--dri'), /^Unknown option '--dri'\. Did you mean --dry\? See: /);
    assert.match(complaint('paint'), /^Missing required argument 'what'\. See: /);
    assert.match(complaint('paint', 'x', 'green'), /^'green' is no colour\. Allowed choices are red, blue\./);
    assert.match(
      complaint('seat', 'x'),
      /^Too many arguments for 'seat'\. .*Put a text of several words into quotes\.$/,
    );
  });
});

suite('the table of commands', () => {
  test('each command has one name, a summary without a full stop, and an example that runs it', () => {
    assert.equal(new Set(COMMANDS.map(({ name }) => name)).size, COMMANDS.length);
    for (const { name, summary, example, json } of COMMANDS) {
      assert.doesNotMatch(summary, /\.$/, name);
      assert.ok(summary.length <= 90, name);
      assert.ok(example.split('\n')[0]?.includes(`cahoots ${name}`), name);
      assert.notEqual(json, '', name);
    }
  });
});
