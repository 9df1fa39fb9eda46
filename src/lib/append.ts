import { closeSync, constants, fstatSync, openSync, writeSync } from 'node:fs';

/** Without O_NONBLOCK opening a FIFO that somebody put there would wait for a reader for ever. */
const SAFELY = (constants.O_NOFOLLOW ?? 0) | (constants.O_NONBLOCK ?? 0);
const APPEND = constants.O_WRONLY | constants.O_APPEND | constants.O_CREAT | SAFELY;

/**
 * Appends `text` to a file in one write and returns the file's size afterwards, in bytes.
 *
 * The file is made with mode 0600 when it is missing; a link in its place is not followed (`ELOOP`), and a pipe or device
 * is not written to (`ENXIO`). Throws what the file system threw.
 */
export function appendToFile(path: string, text: string): number {
  const file = openSync(path, APPEND, 0o600);
  try {
    if (!fstatSync(file).isFile()) throw notRegular(path);
    writeSync(file, text);
    return fstatSync(file).size;
  } finally {
    closeSync(file);
  }
}

/** What the system says of a pipe that nobody reads. */
function notRegular(path: string): Error {
  const message = `ENXIO: no regular file, open '${path}'`;
  return Object.assign(new Error(message), { code: 'ENXIO', syscall: 'open', path });
}
