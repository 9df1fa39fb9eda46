import * as z from 'zod/mini';

const optionalCount = z.optional(z.int().check(z.positive()));
const optionalDays = z.optional(z.number().check(z.positive()));

/**
 * The person's settings file, `settings.json` in the mailbox root: every key is optional, an unknown one is an error.
 */
export const settingsSchema = z.strictObject({
  /** How long an unread message waits before it expires, in days. */
  expiresAfterDays: optionalDays,
  /** How long handled messages and sent copies are kept, in days. */
  keepDays: optionalDays,
  /** How long a seat that nobody used and that has no mail is kept, in days. */
  keepSeatsDays: optionalDays,
  /** How many turns of a live session its peers may cause in one hour. */
  peerTurnsPerHour: optionalCount,
  /** How many messages may lead to a further one before it is refused. */
  maxHops: optionalCount,
  /** How many messages one conversation may have before a further one is refused. */
  maxThreadMessages: optionalCount,
  /** How many messages one peer may send another one in a minute. */
  pairMessagesPerMinute: optionalCount,
});
export type Settings = z.infer<typeof settingsSchema>;

export interface Limits {
  readonly expiresAfterMs: number;
  readonly keepMs: number;
  readonly keepSeatsMs: number;
  readonly peerTurnsPerHour: number;
  readonly maxHops: number;
  readonly maxThreadMessages: number;
  readonly pairMessagesPerMinute: number;
}

const DAY_MS = 24 * 60 * 60 * 1000;

/** The settings with every default filled in and every duration in milliseconds. */
export function limitsFrom(settings: Settings): Limits {
  return Object.freeze({
    expiresAfterMs: (settings.expiresAfterDays ?? 7) * DAY_MS,
    keepMs: (settings.keepDays ?? 30) * DAY_MS,
    keepSeatsMs: (settings.keepSeatsDays ?? 90) * DAY_MS,
    peerTurnsPerHour: settings.peerTurnsPerHour ?? 20,
    maxHops: settings.maxHops ?? 6,
    maxThreadMessages: settings.maxThreadMessages ?? 20,
    pairMessagesPerMinute: settings.pairMessagesPerMinute ?? 12,
  });
}
