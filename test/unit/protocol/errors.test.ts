import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import * as z from 'zod/mini';
import { asCahootsError, CahootsError, ERROR_CATALOGUE } from '../../../src/protocol/errors.ts';
import { parseJson } from '../../../src/protocol/json.ts';

suite('errors', () => {
  test('an error says what happened and what to do, and carries code, facts and cause', () => {
    const cause = new Error('disk');
    const error = new CahootsError('storage-full', 'It was not sent: the disk is full.', {
      remedy: 'Free some space.',
      facts: { bytes: 3 },
      cause,
    });
    assert.equal(error.message, 'It was not sent: the disk is full. Free some space.');
    assert.equal(error.cause, cause);
    assert.deepEqual(JSON.parse(JSON.stringify(error)), {
      code: 'storage-full',
      message: error.message,
      remedy: 'Free some space.',
      retry: 'later',
      facts: { bytes: 3 },
    });
  });

  test('exit status and retry follow from the code', () => {
    for (const [code, { exit, retry }] of Object.entries(ERROR_CATALOGUE)) {
      const error = new CahootsError(code as keyof typeof ERROR_CATALOGUE, 'x', { remedy: 'y' });
      assert.deepEqual([error.exitStatus, error.retry], [exit, retry]);
    }
  });

  test('what is no error of ours becomes an internal one that keeps it', () => {
    const cause = new TypeError('x is not a function');
    const error = asCahootsError(cause);
    assert.deepEqual([error.code, error.cause], ['internal', cause]);
    assert.equal(asCahootsError(error), error);
    assert.match(asCahootsError('text').message, /text/);
  });
});

suite('JSON of other processes', () => {
  test('what is no JSON of the schema is undefined, never thrown', () => {
    const schema = z.looseObject({ a: z.string() });
    assert.deepEqual(parseJson('{"a":"x","b":1}', schema), { a: 'x', b: 1 });
    for (const text of ['', '{', 'null', '{"a":1}', '\uFEFF{"a":"x"}', '['.repeat(1_000_000)])
      assert.equal(parseJson(text, schema), undefined, text.slice(0, 20));
  });
});
