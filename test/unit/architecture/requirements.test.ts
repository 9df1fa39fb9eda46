import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { REQUIREMENTS } from '../../requirements.ts';
import { citationsIn } from './citations.ts';
import { readSources, toSource } from './source-files.ts';

// The exported contract suites count: their titles are those of every test that runs them.
const files = (await readSources('test', 'src/testing')).filter(
  (file) => !file.path.startsWith('test/unit/architecture/'),
);
const citations = files.flatMap(citationsIn);

suite('requirements', () => {
  test('each one that binds is cited in the title of a test', () => {
    const cited = new Set(citations.map((citation) => citation.id));
    const uncited = Object.entries(REQUIREMENTS).flatMap(([id, { from, statement }]) =>
      from === 'now' && !cited.has(id) ? [`${id} ${statement}`] : [],
    );
    assert.equal(uncited.length, 0, `\nNo test has these ids in its title:\n${uncited.join('\n')}`);
  });

  test('a test cites only requirements that exist', () => {
    const unknown = citations.filter(({ id }) => !(id in REQUIREMENTS));
    assert.deepEqual(unknown, []);
  });

  test('a requirement has an id of the form that a title can cite, and one sentence', () => {
    for (const [id, { statement }] of Object.entries(REQUIREMENTS)) {
      assert.match(id, /^[MSDXR][1-9]\d*$/);
      assert.match(statement, /^[A-Z].+\.$/, id);
    }
  });

  test('a citation counts in titles of tests and suites, not in comments, texts or skipped tests', () => {
    const text = [
      `test('a repeat says so [M2]', () => {});`,
      'suite(`mail of ${version} [M1] [M6]`, () => {',
      `  it('is "quoted" [S1]', () => {});`,
      `  test.skip('later [S2]', () => {});`,
      `  // test('never [X1]')`,
      `  assert.equal('[X2]', text);`,
      `});`,
    ].join('\n');
    const found = citationsIn(toSource('test/a.test.ts', text));
    assert.deepEqual(
      found.map(({ id, place }) => `${id} ${place}`),
      ['M2 test/a.test.ts:1', 'M1 test/a.test.ts:2', 'M6 test/a.test.ts:2', 'S1 test/a.test.ts:3'],
    );
  });
});
