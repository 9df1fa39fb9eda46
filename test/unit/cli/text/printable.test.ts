import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { assert as check, property, string } from 'fast-check';
import { oneLine, printable, printableJson, shortened } from '../../../../src/cli/text/printable.ts';

const ACTS_ON_A_TERMINAL = /[^\P{Cc}\n\t]|[\u202a-\u202e\u2066-\u2069]/u;

suite('text for a terminal', () => {
  test('whatever a peer writes, nothing of it can act on a terminal [X2]', () => {
    check(
      property(string({ unit: 'binary' }), (text) => {
        assert.doesNotMatch(printable(text), ACTS_ON_A_TERMINAL);
        assert.doesNotMatch(oneLine(text), /[\n\t]|[^\P{Cc}]/u);
        assert.doesNotMatch(printableJson(JSON.stringify(text)), ACTS_ON_A_TERMINAL);
      }),
    );
  });

  test('JSON for a terminal says the same', () => {
    check(
      property(string({ unit: 'binary' }), (text) => {
        assert.equal(JSON.parse(printableJson(JSON.stringify(text))), text);
      }),
    );
  });

  test('ordinary text stays as it is, and nothing is hidden of the other', () => {
    assert.equal(printable('déjà vu\n\t日本 🙈'), 'déjà vu\n\t日本 🙈');
    assert.equal(printable('a\r\nb\rc\u001b[2J\u007f\u009b\u202e'), 'a\nb␍c␛[2J␡\\x9b\\u202e');
  });

  test('one line is one line', () => {
    assert.equal(oneLine('a\r\n\tb\u2028c'), 'a b c');
  });

  test('a long text is cut to its first characters without a half one', () => {
    assert.equal(shortened('short', 10), 'short');
    assert.equal(shortened('0123456789', 10), '0123456789');
    assert.equal(shortened('0123456789x', 10), '012345678…');
    assert.equal(shortened('🙈'.repeat(10), 4).isWellFormed(), true);
    assert.equal(shortened('x'.repeat(1_000_000), 10), 'xxxxxxxxx…');
  });
});
