import { CahootsError } from '../protocol/errors.ts';

/** The error with which every wait ends that is given up from outside. */
export function cancelled(): CahootsError {
  return new CahootsError('cancelled', 'The wait was given up.', { remedy: 'Nothing was lost.' });
}
