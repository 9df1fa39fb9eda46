import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Settings } from '../src/config/settings.ts';
import type { CleanHome } from '../src/testing/index.ts';

/** A bench has more to say in a minute than peers may by default: its own settings let it. */
const LIFTED: Settings = {
  peerTurnsPerHour: 100_000,
  maxHops: 100_000,
  maxThreadMessages: 100_000,
  pairMessagesPerMinute: 100_000,
};

/** The mailbox root of a home. */
export function rootOf({ home }: CleanHome): string {
  return join(home, '.claude', 'session-bridge');
}

/** Writes settings into the mailbox root of a home that keep no guard from letting a bench's messages through. */
export function liftLimits(home: CleanHome): void {
  liftLimitsIn(rootOf(home));
}

/** The same for a mailbox root. */
export function liftLimitsIn(root: string): void {
  mkdirSync(root, { recursive: true, mode: 0o700 });
  writeFileSync(join(root, 'settings.json'), JSON.stringify(LIFTED), { mode: 0o600 });
}
