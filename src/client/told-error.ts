import { storageError } from '../mailbox/storage-error.ts';
import { isStorageFault } from '../mailbox/storage-fault.ts';
import { asCahootsError, type CahootsError } from '../protocol/errors.ts';

/** What to tell of anything that was thrown: a fault of the file system says what the system said and what to do. */
export function toldError(thrown: unknown): CahootsError {
  return isStorageFault(thrown)
    ? storageError(thrown, 'The mailbox could not be used')
    : asCahootsError(thrown);
}
