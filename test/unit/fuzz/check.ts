import { assert as assertProperty, type IAsyncProperty, type IProperty } from 'fast-check';

/** The same runs each time: what fails in one run of the tests fails in the next. */
const SEED = 20_261_121;

/**
 * Fails with the smallest input found for which the property does not hold, and with the seed that finds it again.
 *
 * `FUZZ_RUNS` multiplies the number of runs, `FUZZ_SEED` has them begin elsewhere; see CONTRIBUTING.md.
 */
export function check(property: IProperty<unknown> | IProperty<never>, runs: number): void {
  assertProperty(property as IProperty<unknown>, { seed: seed(), numRuns: numRuns(runs) });
}

/** Like {@link check}, for a property that takes its time. */
export async function checkLater(property: IAsyncProperty<unknown>, runs: number): Promise<void> {
  await assertProperty(property, { seed: seed(), numRuns: numRuns(runs) });
}

function seed(): number {
  return Number(process.env['FUZZ_SEED'] ?? SEED);
}

function numRuns(runs: number): number {
  return Math.max(1, Math.round(runs * Number(process.env['FUZZ_RUNS'] ?? 1)));
}
