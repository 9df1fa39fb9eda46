import assert from 'node:assert/strict';
import { once } from 'node:events';
import { Readable } from 'node:stream';
import { suite, test } from 'node:test';
import * as fc from 'fast-check';
import { WholeLines } from '../../../src/mcp/whole-lines.ts';

async function through(pieces: readonly Uint8Array[]): Promise<Buffer[]> {
  const passed: Buffer[] = [];
  const lines = Readable.from(pieces.map((piece) => Buffer.from(piece))).pipe(new WholeLines());
  lines.on('data', (piece: Buffer) => passed.push(piece));
  await once(lines, 'end');
  return passed;
}

suite('a stream in whole lines', () => {
  test('has every byte in its order, and each piece but the last ends a line', async () => {
    const byte = fc.oneof(fc.constant(0x0a), fc.integer({ min: 0, max: 255 }));
    const pieces = fc.array(fc.array(byte, { maxLength: 20 }).map((bytes) => Uint8Array.from(bytes)));
    const property = fc.asyncProperty(pieces, async (given) => {
      const passed = await through(given);
      assert.ok(Buffer.concat(passed).equals(Buffer.concat(given)));
      for (const piece of passed.slice(0, -1)) assert.equal(piece.at(-1), 0x0a);
    });
    await fc.assert(property, { numRuns: 100, seed: 20261121 });
  });

  test('gives a line at once when its end has come, with what is left before the end', async () => {
    assert.deepEqual(
      (await through(['a\nb', 'c', 'd\n', 'e'].map((text) => Buffer.from(text)))).map(String),
      ['a\n', 'bcd\n', 'e'],
    );
  });

  test('leaves out calls of more than 2 MiB and nothing else', async () => {
    const hard = String.raw`"calls":"x" \" \\`;
    const line = (calls: string): string => `${JSON.stringify({ before: hard, calls, after: hard })}\n`;
    for (const [calls, expected] of [
      ['x'.repeat(3 * 1024 * 1024) + hard, ''],
      [hard.repeat(300_000), ''],
      ['x'.repeat(1024 * 1024) + hard, undefined],
    ] as const) {
      const text = Buffer.from(line('small') + line(calls) + line(hard));
      const pieces = Array.from({ length: Math.ceil(text.length / 65_536) }, (_, index) =>
        text.subarray(index * 65_536, (index + 1) * 65_536),
      );
      const passed = Buffer.concat(await through(pieces)).toString();
      assert.ok(passed === line('small') + line(expected ?? calls) + line(hard));
    }
  });
});
