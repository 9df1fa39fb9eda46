import { appendToFile } from './append.ts';

/** Longest line that is appended: up to here one write reached the file whole in every kill that was tried. */
export const MAX_LINE_BYTES = 2048;

/**
 * Appends JSON lines to a file that several processes append to: all in one write where they fit, else one by one.
 *
 * The line break comes first: a line that a killed writer left unfinished then spoils no other writer's line. A reader
 * skips lines that are no JSON. Each line must stay within {@link MAX_LINE_BYTES}.
 */
export function appendJsonLines(path: string, values: readonly object[]): void {
  let text = '';
  for (const value of values) {
    const line = `\n${JSON.stringify(value)}`;
    const bytes = Buffer.byteLength(line);
    if (bytes > MAX_LINE_BYTES)
      throw new RangeError(`a journal line of ${bytes} bytes; at most ${MAX_LINE_BYTES}`);
    if (Buffer.byteLength(text) + bytes > MAX_LINE_BYTES) {
      appendToFile(path, text);
      text = '';
    }
    text += line;
  }
  if (text !== '') appendToFile(path, text);
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
