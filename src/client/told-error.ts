import { errnoOf } from '../lib/errno.ts';
import { storageError } from '../mailbox/storage-error.ts';
import { asCahootsError, type CahootsError } from '../protocol/errors.ts';

/** What to tell of anything that was thrown: a fault of the file system says what the system said and what to do. */
export function toldError(thrown: unknown): CahootsError {
  const isOfSystem = thrown instanceof Error && 'syscall' in thrown && errnoOf(thrown) !== undefined;
  return isOfSystem ? storageError(thrown, 'The mailbox could not be used') : asCahootsError(thrown);
}
