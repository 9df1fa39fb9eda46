import assert from 'node:assert/strict';

/** Twice as long as linear time, and room for the garbage collector; quadratic time takes sixteen times as long. */
const MOST = 10;
/** What takes less than this is too short to be compared. */
const LEAST_MS = 4;
const ATTEMPTS = 4;

/**
 * Fails when `read` takes much more than four times as long for an input of four times the size, as it does when its time
 * grows with the square of the size. Sizes are doubled until the smaller one takes some milliseconds, up to `most`.
 */
export function assertLinear(
  what: string,
  {
    make,
    read,
    size = 4_096,
    most = 262_144,
  }: {
    make: (size: number) => string;
    read: (text: string) => unknown;
    size?: number;
    most?: number;
  },
): void {
  let ratio = Number.POSITIVE_INFINITY;
  for (let attempt = 0; attempt < ATTEMPTS && ratio > MOST; attempt += 1) {
    let length = size;
    let small = timeOf(read, make(length));
    while (small < LEAST_MS && length * 2 <= most) {
      length *= 2;
      small = timeOf(read, make(length));
    }
    ratio = timeOf(read, make(length * 4)) / Math.max(small, LEAST_MS);
  }
  assert.ok(ratio <= MOST, `${what}: four times the size took ${ratio.toFixed(1)} times as long`);
}

function timeOf(read: (text: string) => unknown, text: string): number {
  const started = performance.now();
  read(text);
  return performance.now() - started;
}
