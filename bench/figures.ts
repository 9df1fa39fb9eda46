/** Figures of one series of measurements, in the unit of its values. */
export interface Figures {
  readonly count: number;
  readonly min: number;
  readonly median: number;
  readonly p99: number;
  readonly max: number;
}

/** One line of a result: what was measured, its figures, and the goal they are held against. */
export interface Row {
  readonly name: string;
  readonly unit: 'ms' | 'MB' | 'messages/s' | 'messages';
  readonly figures: Figures;
  /** What `held` may at most (`at least` for a rate) be; undefined for what is measured for comparison only. */
  readonly goal?: number;
  /** What the goal is about: the median where left out; `at least` means the median, from below. */
  readonly held?: 'median' | 'p99' | 'at least';
  /** Missing the goal is a defect, on however slow a machine: the run fails. */
  readonly binding?: true;
}

/** The figures of a series; throws when it is empty. */
export function figuresOf(values: readonly number[]): Figures {
  const sorted = [...values].sort((a, b) => a - b);
  const at = (share: number): number =>
    sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN;
  if (sorted.length === 0) throw new Error('no value was measured');
  return { count: sorted.length, min: at(0), median: at(0.5), p99: at(0.99), max: at(1) };
}

/** A table for people. */
export function tableOf(rows: readonly Row[]): string {
  const cells = rows.map((row) => [
    row.name,
    String(row.figures.count),
    ...[row.figures.min, row.figures.median, row.figures.p99].map((value) =>
      value.toFixed(value < 10 && !Number.isInteger(value) ? 2 : 0),
    ),
    row.unit,
    goalOf(row),
  ]);
  const all = [['', 'n', 'min', 'median', 'p99', 'unit', 'goal'], ...cells];
  const widths = all[0]?.map((_, column) => Math.max(...all.map((row) => row[column]?.length ?? 0))) ?? [];
  return all
    .map((row) =>
      row
        .map((cell, column) =>
          column === 0 || column > 4 ? cell.padEnd(widths[column] ?? 0) : cell.padStart(widths[column] ?? 0),
        )
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}

/** Whether a row has no goal or reaches it. */
export function isReached({ figures: { median, p99 }, goal, held = 'median' }: Row): boolean {
  if (goal === undefined) return true;
  return held === 'at least' ? median >= goal : (held === 'p99' ? p99 : median) <= goal;
}

function goalOf(row: Row): string {
  const { goal, held = 'median' } = row;
  if (goal === undefined) return '';
  const claim = held === 'at least' ? `at least ${goal}` : `${held} ≤ ${goal}`;
  return `${isReached(row) ? 'reached' : 'MISSED'} (${claim})`;
}
