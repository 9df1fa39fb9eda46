declare const CAHOOTS_VERSION: string | undefined;

/** The version of this package; `0.0.0-source` when it runs from its sources, where no build has filled it in. */
export const version: string = typeof CAHOOTS_VERSION === 'string' ? CAHOOTS_VERSION : '0.0.0-source';
