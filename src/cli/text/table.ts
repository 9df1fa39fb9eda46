import type { Output } from '../terminal/output.ts';
import { oneLine } from './printable.ts';

/** Where a table is shown. */
export type Sheet = Pick<Output, 'columns' | 'style'>;

export interface Column<Row> {
  readonly title: string;
  readonly cell: (row: Row) => string;
}

const GAP = '  ';

/**
 * Rows as a table for people, each on one line, with a bold line of titles. On a terminal the last column is cut to fit.
 *
 * Whatever the cells say, each stays in its place: line breaks and controls in them are made visible.
 */
export function table<Row>(rows: readonly Row[], columns: readonly Column<Row>[], output: Sheet): string {
  const titles = columns.map(({ title }) => title);
  const lines = [titles, ...rows.map((row) => columns.map(({ cell }) => oneLine(cell(row))))];
  const widths = columns.map((_, index) =>
    lines.reduce((widest, line) => Math.max(widest, widthOf(line[index] ?? '')), 0),
  );
  const [head = '', ...body] = lines.map((line) => fit(line, widths, output.columns));
  return [output.style('bold', head), ...body].join('\n');
}

function fit(cells: readonly string[], widths: readonly number[], columns: number): string {
  const padded = cells.map((cell, index) => cell + ' '.repeat((widths[index] ?? 0) - widthOf(cell)));
  const line = padded.join(GAP).trimEnd();
  return widthOf(line) <= columns ? line : `${line.slice(0, Math.max(1, columns - 1)).toWellFormed()}…`;
}

/** Characters of East Asian scripts and pictures take two places; combining ones none. */
function widthOf(text: string): number {
  if (/^[\u0020-\u007e]*$/.test(text)) return text.length;
  let width = 0;
  for (const character of text) {
    if (/\p{Mn}|\p{Cf}/u.test(character)) continue;
    width +=
      /[\u1100-\u115f\u2e80-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6]|\p{Extended_Pictographic}/u.test(
        character,
      )
        ? 2
        : 1;
  }
  return width;
}
