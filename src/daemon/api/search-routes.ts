import * as z from 'zod/mini';
import { CahootsError } from '../../protocol/errors.ts';
import { isSeatId, type SeatId } from '../../protocol/ids.ts';
import { FOUND_TYPES, foundSchema, purgeCountsSchema } from '../../protocol/search.ts';
import { readSearchWords } from '../search/search-words.ts';
import { type ApiMeans, type Route, route } from './route.ts';

const seat = z.custom<SeatId>(isSeatId, { error: 'expected six characters of [a-z0-9]' });
const duration = z.number().check(z.nonnegative());
/** Milliseconds since the epoch. */
const moment = z.number().check(z.nonnegative());

const MAX_FOUND = 1_000;
/** The longest that one call waits: who wants to wait for longer asks again. */
const MAX_WAIT_MS = 10 * 60_000;

const searchBody = z.strictObject({
  words: z.string().check(z.minLength(1)),
  peer: z.optional(seat),
  type: z.optional(z.enum(FOUND_TYPES)),
  sinceMs: z.optional(moment),
  untilMs: z.optional(moment),
  limit: z._default(z.int().check(z.positive(), z.maximum(MAX_FOUND)), 20),
  waitMs: z._default(duration, 30_000),
});

const purgeBody = z.strictObject({
  peer: z.optional(seat),
  olderThanMs: z.optional(duration),
  dryRun: z._default(z.boolean(), false),
});

/** The calls that find and erase what was said. */
export const SEARCH_ROUTES: readonly Route[] = [
  route({
    method: 'post',
    path: '/v1/search',
    summary: 'Find words in all messages, prompts and results, the newest first',
    query: z.strictObject({}),
    body: searchBody,
    answer: z.array(foundSchema),
    run: async ({ means, body, signal }) => {
      const { words, limit, waitMs, ...filter } = body;
      const terms = readSearchWords(words);
      const wait = { limit, waitMs: Math.min(waitMs, MAX_WAIT_MS), signal };
      return await needed(means.search).search({ ...defined(filter), terms }, wait);
    },
  }),
  route({
    method: 'post',
    path: '/v1/purge',
    summary: 'Erase handled messages and prompts for good; with dryRun only count them',
    query: z.strictObject({}),
    body: purgeBody,
    answer: purgeCountsSchema,
    run: async ({ means, body: { peer, olderThanMs, dryRun } }) => {
      const beforeMs = olderThanMs === undefined ? undefined : Date.now() - olderThanMs;
      const filter = defined({ peer, beforeMs });
      const purge = needed(means.purge);
      return await (dryRun ? purge.plan(filter) : purge.run(filter));
    },
  }),
];

/** Without the keys that have no value. */
function defined<T extends object>(values: T): { [Key in keyof T]: Exclude<T[Key], undefined> } {
  const entries = Object.entries(values).filter(([, value]) => value !== undefined);
  return Object.fromEntries(entries) as { [Key in keyof T]: Exclude<T[Key], undefined> };
}

function needed<T extends ApiMeans['search'] | ApiMeans['purge']>(part: T): NonNullable<T> {
  if (part !== undefined) return part;
  throw new CahootsError('route-unknown', 'This daemon keeps no index.', { remedy: 'Ask another one.' });
}
