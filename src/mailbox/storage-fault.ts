import { errnoOf } from '../lib/errno.ts';
import { CahootsError } from '../protocol/errors.ts';

/** Whether an error says that the disk is full, or that a file could not be written for another reason of the system. */
export function isStorageFault(error: unknown): boolean {
  if (error instanceof CahootsError) return error.code === 'storage-full' || error.code === 'storage-failed';
  return error instanceof Error && 'syscall' in error && errnoOf(error) !== undefined;
}

/** Does what only others would miss: a fault of the storage stops nobody who reads. Everything else is thrown. */
export function unlessStorageFails(work: () => void): void {
  try {
    work();
  } catch (error) {
    ignoreStorageFault(error);
  }
}

/**
 * Does what concerns only somebody else's mailbox, or what is left to do after the work itself is done: nothing that is
 * wrong there stops who works here. Only a fault of ours is thrown.
 */
export function unlessMailboxFails(work: () => void): void {
  try {
    work();
  } catch (error) {
    if (!(error instanceof CahootsError) && !isStorageFault(error)) throw error;
  }
}

/** The same as {@link unlessStorageFails} for what is done later: `promise.catch(ignoreStorageFault)`. */
export function ignoreStorageFault(error: unknown): void {
  if (!isStorageFault(error)) throw error;
}
