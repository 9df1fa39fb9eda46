// What only search and purge need. They load it when they run.

export { purgeAll, searchAll } from '../client/search.ts';
export { confirm } from './confirm.ts';
export { durationOption, momentOption } from './time-options.ts';
