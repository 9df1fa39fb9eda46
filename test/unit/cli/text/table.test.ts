import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { type Sheet, table } from '../../../../src/cli/text/table.ts';

function sheet(columns: number): Sheet {
  return { columns, style: (_, text) => `<${text}>` };
}

const COLUMNS = [
  { title: 'NAME', cell: (row: { name: string }) => row.name },
  { title: 'ABOUT', cell: (row: { about?: string }) => row.about ?? '' },
];

suite('a table', () => {
  test('has titles and its cells below each other', () => {
    const text = table([{ name: 'app', about: 'x' }, { name: 'library' }], COLUMNS, sheet(80));
    assert.equal(text, '<NAME     ABOUT>\napp      x\nlibrary');
  });

  test('may have very many rows', () => {
    const rows = Array.from({ length: 200_000 }, () => ({ name: 'x', about: '' }));
    assert.equal(table(rows, COLUMNS, sheet(80)).length, '<NAME  ABOUT>'.length + 2 * rows.length);
  });

  test('keeps its lines whatever the cells say [X2]', () => {
    const text = table([{ name: 'a\nb', about: '\u001b[2J\r' }], COLUMNS, sheet(80));
    assert.equal(text, '<NAME  ABOUT>\na b   ␛[2J');
  });

  test('counts the places that characters take', () => {
    const text = table(
      [
        { name: '日本', about: '1' },
        { name: 'e\u0301', about: '2' },
        { name: '🙈', about: '3' },
      ],
      COLUMNS,
      sheet(80),
    );
    assert.equal(text, '<NAME  ABOUT>\n日本  1\ne\u0301     2\n🙈    3');
  });

  test('is cut where the terminal ends', () => {
    const text = table([{ name: 'app', about: 'a long description' }], COLUMNS, sheet(12));
    assert.deepEqual(text.split('\n'), ['<NAME  ABOUT>', 'app   a lon…']);
  });
});
