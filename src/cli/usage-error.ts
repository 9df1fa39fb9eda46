import { CahootsError } from '../protocol/errors.ts';

/** The error for words that do not go together. */
export function usageError(what: string, remedy: string): CahootsError {
  return new CahootsError('usage', what, { remedy });
}
