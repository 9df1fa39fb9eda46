import { closeSync, constants, fstatSync, openSync, writeSync } from 'node:fs';

const APPEND = constants.O_WRONLY | constants.O_APPEND | constants.O_CREAT | (constants.O_NOFOLLOW ?? 0);

/**
 * Appends `text` to a file in one write and returns the file's size afterwards, in bytes.
 *
 * The file is made with mode 0600 when it is missing; a link in its place is not followed (`ELOOP`). Throws what the
 * file system threw.
 */
export function appendToFile(path: string, text: string): number {
  const file = openSync(path, APPEND, 0o600);
  try {
    writeSync(file, text);
    return fstatSync(file).size;
  } finally {
    closeSync(file);
  }
}
