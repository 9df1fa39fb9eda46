import assert from 'node:assert/strict';
import { join } from 'node:path';
import { suite, type TestContext, test } from 'node:test';
import * as fc from 'fast-check';
import { SearchIndex } from '../../../../src/daemon/search/search-index.ts';
import { readSearchWords } from '../../../../src/daemon/search/search-words.ts';
import { CahootsError } from '../../../../src/protocol/errors.ts';
import { tempFolder } from '../../../fixtures/temp-root.ts';

function indexOf(t: TestContext): SearchIndex {
  const index = new SearchIndex(join(tempFolder(t), 'search.db'));
  t.after(() => index.close());
  return index;
}

const entry = { type: 'note', from: 'aaaaaa', to: 'bbbbbb', atMs: 1 } as const;
const termsOf = (typed: string): string[] => readSearchWords(typed).map(({ text }) => text);

/** What means something to the index's own language, and what is odd anywhere. */
const ODD = [
  ...'"*^(){}:+-,\'\\;\0\n%_aü'.split(''),
  '""',
  '--',
  '\ud800',
  '\u0301',
  '😀',
  '日本',
  'AND',
  'OR',
  'NOT',
  'NEAR(',
  'text :',
  'marks :',
  'rank',
];
const typed = fc.oneof(
  fc.string({ unit: 'binary' }),
  fc.array(fc.constantFrom(...ODD)).map((parts) => parts.join('')),
  fc.array(fc.constantFrom(...ODD)).map((parts) => parts.join(' ')),
);
const word = fc.stringMatching(/^[a-z]{1,8}$/);

suite('the words of a search', () => {
  test('are words and phrases; the last word may be the beginning of one', () => {
    assert.deepEqual(readSearchWords('login "version 2" authent'), [
      { text: 'login', isBeginning: false },
      { text: 'version 2', isBeginning: false },
      { text: 'authent', isBeginning: true },
    ]);
    assert.deepEqual(readSearchWords('authent '), [{ text: 'authent', isBeginning: false }]);
    assert.deepEqual(readSearchWords('v2'), [{ text: 'v2', isBeginning: false }]);
    assert.deepEqual(readSearchWords('"half a phrase'), [{ text: 'half a phrase', isBeginning: true }]);
    assert.deepEqual(termsOf('foo -- !!! bar'), ['foo', 'bar']);
  });

  test('that are none, or too many, are an error of whoever typed them', () => {
    for (const none of ['', '   ', '"', '" "', '*** ((', '\u0000'])
      assert.throws(() => readSearchWords(none), { code: 'usage' }, JSON.stringify(none));
    assert.throws(() => readSearchWords('a '.repeat(33)), { code: 'usage' });
    assert.throws(() => readSearchWords('a'.repeat(2_001)), { code: 'usage' });
  });

  test('never are anything but words to the index, whatever was typed', (t) => {
    const index = indexOf(t);
    index.add({ ...entry, id: 'one' }, 'a plain text AND one more');
    fc.assert(
      fc.property(typed, (text) => {
        try {
          const terms = readSearchWords(text);
          index.find({ terms }, { limit: 5 });
          index.find({ terms, peer: 'aaaaaa' as never, type: 'note' }, { limit: 5 });
          index.snippets(['a text'], terms);
        } catch (error) {
          assert.ok(error instanceof CahootsError && error.code === 'usage', String(error));
        }
      }),
      { numRuns: 500 },
    );
  });

  test('find a text exactly when all of them are in it', (t) => {
    const index = indexOf(t);
    let count = 0;
    fc.assert(
      fc.property(
        fc.array(word, { minLength: 1, maxLength: 8 }),
        fc.array(word, { maxLength: 3 }),
        (has, more) => {
          count += 1;
          const id = `text-${count}`;
          index.add({ ...entry, id }, has.join(', '));
          const wanted = [...has, ...more];
          // With a blank behind it the last one is whole.
          const found = index.find({ terms: readSearchWords(`${wanted.join(' ')} `) }, { limit: 10_000 });
          assert.equal(
            found.some((one) => one.id === id),
            more.every((one) => has.includes(one)),
          );
        },
      ),
    );
  });

  test('do not find what only the filter goes by', (t) => {
    const index = indexOf(t);
    index.add({ ...entry, id: 'one' }, 'hello');
    for (const words of ['peeraaaaaa', 'typenote', 'marks:typenote'])
      assert.deepEqual(index.find({ terms: readSearchWords(words) }, { limit: 5 }), [], words);
    assert.equal(index.find({ terms: readSearchWords('hello'), type: 'note' }, { limit: 5 }).length, 1);
    assert.equal(index.find({ terms: readSearchWords('hello'), type: 'query' }, { limit: 5 }).length, 0);
  });
});

suite('a snippet', () => {
  test('shows where the words are, also in a text that has in it what marks them', (t) => {
    const index = indexOf(t);
    const text = `${'before '.repeat(50)}\u0002 Wörld \u0003\u0000 and\u001b[31m more ${'after '.repeat(50)}`;
    const [shown, none] = index.snippets([text, 'something else'], readSearchWords('world more'));
    assert.equal(none, undefined);
    assert.ok(shown !== undefined && shown.snippet.length < 300);
    assert.deepEqual(
      shown.matches.map(([from, to]) => shown.snippet.slice(from, to)),
      ['Wörld', 'more'],
    );
  });
});
