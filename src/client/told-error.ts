import { storageError } from '../mailbox/storage-error.ts';
import { asCahootsError, type CahootsError } from '../protocol/errors.ts';
import { isStorageFault } from './storage-fault.ts';

/** What to tell of anything that was thrown: a fault of the file system says what the system said and what to do. */
export function toldError(thrown: unknown): CahootsError {
  return isStorageFault(thrown)
    ? storageError(thrown, 'The mailbox could not be used')
    : asCahootsError(thrown);
}
