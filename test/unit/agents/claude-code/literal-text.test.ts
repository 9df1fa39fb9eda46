import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { assert as always, property } from 'fast-check';
import { literalPrompt, literalText } from '../../../../src/agents/claude-code/literal-text.ts';
import { liveSyntax } from '../../../fixtures/live-syntax.ts';

/** Where 2.1.197 reads a mention: as its own program has it. */
const READ_BY_HOST = [
  /(^|[\s\u3002\u3001\uFF1F\uFF01])@"([^"]+)"/g,
  /(^|[\s\u3002\u3001\uFF1F\uFF01])@([^\s]+)\b/g,
  /(^|[\s\u3002\u3001\uFF1F\uFF01])@([^\s]+:[^\s]+)\b/g,
  /(^|[\s\u3002\u3001\uFF1F\uFF01])@"([\w:.@-]+) \(agent\)"/g,
  /(^|[\s\u3002\u3001\uFF1F\uFF01])@(agent-[\w:.@-]+)/g,
  /\bultrathink\b/gi,
  /\bultracode\b/gi,
];

const texts = liveSyntax('/home/me');
const without = (text: string): string => text.replace(/[\ufeff\u200b]/g, '');

suite('a literal text', () => {
  test('has nothing left in it that the host would read as a mention, keyword or command [FA1] [FA2] [X2]', () => {
    always(
      property(texts, (text) => {
        const literal = literalText(text);
        for (const pattern of READ_BY_HOST)
          assert.deepEqual(literal.match(pattern), null, JSON.stringify(literal));
        assert.ok(!literal.startsWith('/'));
      }),
      { numRuns: 5_000 },
    );
  });

  test('is the text with characters without width added, and is not changed a second time', () => {
    always(
      property(texts, (text) => {
        const literal = literalText(text);
        assert.equal(without(literal), without(text));
        assert.equal(literalText(literal), literal);
      }),
      { numRuns: 2_000 },
    );
  });

  test('a part that stands between visible text is written as in the whole', () => {
    always(
      property(texts, texts, (text, other) => {
        const part = `<${text}>`;
        assert.ok(literalText(`${other}\n\n${part}\n\n${other}`).includes(literalText(part)));
      }),
      { numRuns: 2_000 },
    );
  });

  test('mail addresses, versions, paths, code and what stands in backticks stay as they are', () => {
    for (const text of [
      'me@example.org',
      'npm i lib@1.2.3',
      'see src/a.ts:3 and a/b',
      'use `@scope/pkg` and (@Injectable)',
      'a @ b',
      '@',
      'the ultraviolet thinker',
      'say //x',
    ])
      assert.equal(literalText(text), text);
    assert.equal(literalText('@scope/pkg and\n@Component()'), '@\ufeffscope/pkg and\n@\ufeffComponent()');
    assert.equal(literalText('/login is broken'), '\u200b/login is broken');
  });

  test('a prompt says once that something was added, and only where it was', () => {
    assert.equal(literalPrompt('me@example.org'), 'me@example.org');
    const prompt = literalPrompt('@a @b /c');
    assert.equal(prompt.split('(cahoots: ').length, 2);
    assert.ok(prompt.startsWith('@\ufeffa @\ufeffb /c\n\n(cahoots: '));
  });
});
