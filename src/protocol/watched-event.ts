/** What of a peer one can be told of: it is idle, its turn is done, its project has a new commit, it has ended. */
export const WATCHED_EVENTS = ['idle', 'done', 'commit', 'ended'] as const;
export type WatchedEvent = (typeof WATCHED_EVENTS)[number];

/** The event that a word names, or undefined. */
export function asWatchedEvent(word: string): WatchedEvent | undefined {
  return WATCHED_EVENTS.find((candidate) => candidate === word);
}
