import { appendToFile } from './append.ts';

/** Longest line that is appended: up to here one write reached the file whole in every kill that was tried. */
export const MAX_LINE_BYTES = 2048;

/**
 * Appends one JSON line to a file that several processes append to.
 *
 * The line break comes first: a line that a killed writer left unfinished then spoils no other writer's line. A reader
 * skips lines that are no JSON. The line must stay within {@link MAX_LINE_BYTES}.
 */
export function appendJsonLine(path: string, value: object): void {
  const line = `\n${JSON.stringify(value)}`;
  if (Buffer.byteLength(line) > MAX_LINE_BYTES)
    throw new RangeError(`a journal line of ${Buffer.byteLength(line)} bytes; at most ${MAX_LINE_BYTES}`);
  appendToFile(path, line);
}

/** The values of the lines of a JSON Lines text; unfinished and damaged lines are left out. */
export function parseJsonLines(text: string): unknown[] {
  return text.split('\n').flatMap((line) => {
    if (line === '') return [];
    try {
      return [JSON.parse(line) as unknown];
    } catch (error) {
      if (error instanceof SyntaxError) return [];
      throw error;
    }
  });
}
