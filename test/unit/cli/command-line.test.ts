import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { array, assert as check, constantFrom, property, string } from 'fast-check';
import type { CommandSpec, TypedWords } from '../../../src/cli/command.ts';
import { readCommandLine } from '../../../src/cli/command-line.ts';
import { COMMANDS } from '../../../src/cli/command-table.ts';
import { readPlainWords } from '../../../src/cli/text/plain-words.ts';
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

suite('plain words', () => {
  const vocabulary = constantFrom(
    ...'paint seat fence red green --coats --coats=2 --coats= --dry --dry=1 --json --as --as=me --as= me - -- -h --help --version help -5 --dryx ANY'.split(
      ' ',
    ),
  );

  test('are read as Commander reads them, or not at all', () => {
    const commands = [SPEC, OTHER];
    check(
      property(array(vocabulary, { maxLength: 6 }), string(), (words, text) => {
        const all = words.map((word) => (word === 'ANY' ? text : word));
        const plain = readPlainWords(all, commands);
        if (plain === undefined) return;
        assert.deepEqual({ kind: 'call', ...plain }, readCommandLine(all, { commands, version: '1.2.3' }));
      }),
      { numRuns: 2000 },
    );
  });

  test('are what people and scripts type', () => {
    for (const words of [
      ['send', 'lib', 'hello'],
      ['--json', 'send', '--as', 'me', 'lib', '-'],
      ['ask', 'lib', 'a question', '--wait=5', '--json'],
      ['send', 'lib', '--', '--text'],
      ['peers'],
      ['attention', 'quiet'],
      ['setup', '--dry-run'],
    ]) {
      assert.ok(readPlainWords(words, COMMANDS), words.join(' '));
    }
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
