// What only search and purge need. They load it when they run.

export { purgeAll, searchAll } from '../../client/mail/search.ts';
export { durationOption, momentOption } from '../options/time-options.ts';
export { confirm } from '../terminal/confirm.ts';
