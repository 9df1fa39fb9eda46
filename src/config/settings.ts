import * as z from 'zod/mini';

const optionalCount = z.optional(z.int().check(z.positive()));
const optionalAmount = z.optional(z.number().check(z.positive()));

/**
 * The person's settings file, `settings.json` in the mailbox root: every key is optional, an unknown one is an error.
 */
export const settingsSchema = z.strictObject({
  /** How long an unread message waits before it expires, in days. */
  expiresAfterDays: optionalAmount,
  /** How long handled messages and sent copies are kept, in days. */
  keepDays: optionalAmount,
  /** How long a seat that nobody used and that has no mail is kept, in days. */
  keepSeatsDays: optionalAmount,
  /** How many turns of a live session its peers may cause in one hour. */
  peerTurnsPerHour: optionalCount,
  /** How many messages may lead to a further one before it is refused. */
  maxHops: optionalCount,
  /** How many messages one conversation may have before a further one is refused. */
  maxThreadMessages: optionalCount,
  /** How many messages one peer may send another one in a minute. */
  pairMessagesPerMinute: optionalCount,
  /** The `claude` that managed sessions run; the first one on the `PATH` where left out. */
  claudeProgram: z.optional(z.string().check(z.minLength(1))),
  /** Whether managed sessions may have the preset `full`, which denies nothing. */
  allowFullPreset: z.optional(z.boolean()),
  /** How many prompts may wait for a managed session beside the one that it works on. */
  maxQueuedPrompts: optionalCount,
  /** How many tokens a conversation that is asked with revive may have before a person has to confirm it. */
  reviveTokens: optionalCount,
  /** What one answer of a conversation that is asked with revive may cost, in US dollars. */
  reviveCostUsd: optionalAmount,
  /** After how many minutes with nothing running and nobody calling the daemon ends. */
  daemonIdleMinutes: optionalAmount,
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

/** What the daemon goes by. */
export interface ManagedSettings {
  readonly claudeProgram: string | undefined;
  readonly allowFullPreset: boolean;
  readonly maxQueuedPrompts: number;
  readonly daemonIdleMs: number;
  readonly reviveTokens: number;
  readonly reviveCostUsd: number;
}

/** The daemon's settings with every default filled in. */
export function managedFrom(settings: Settings): ManagedSettings {
  return Object.freeze({
    claudeProgram: settings.claudeProgram,
    allowFullPreset: settings.allowFullPreset ?? false,
    maxQueuedPrompts: settings.maxQueuedPrompts ?? 20,
    reviveTokens: settings.reviveTokens ?? 50_000,
    reviveCostUsd: settings.reviveCostUsd ?? 1,
    daemonIdleMs: (settings.daemonIdleMinutes ?? 30) * 60_000,
  });
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
