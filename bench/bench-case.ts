import type { Row } from './figures.ts';

/** Something that is measured: on real files, processes and sessions, beside something to compare it with. */
export interface BenchCase {
  readonly name: string;
  readonly summary: string;
  /** `effort` 1 is the full measurement; less means proportionally fewer rounds. */
  run(effort: number): Promise<Row[]>;
}
