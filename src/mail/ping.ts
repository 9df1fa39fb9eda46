import { findPeer } from '../directory/peers.ts';
import type { Clock } from '../lib/clock.ts';
import { readJournalTail } from '../mailbox/journal-tail.ts';
import type { SeatFolder } from '../mailbox/seat-folder.ts';
import { CahootsError } from '../protocol/errors.ts';
import type { Message } from '../protocol/message.ts';
import type { Correspondent } from './correspondent.ts';

/** Two that answer each other's pings with pings that name none, as those of session-bridge v1 do, would never stop. */
const PING_PAUSE_MS = 60_000;
const RECENT_ENTRIES = 200;

/**
 * Answers a ping with a ping, as session-bridge v1 does: unless it answers one itself, or this seat has sent one to that peer
 * within the last minute. A peer that pings and is gone needs no answer.
 */
export function answerPing(
  { root, clock, folder }: { root: string; clock: Clock; folder: SeatFolder },
  { ping, correspondent }: { ping: Message; correspondent: Correspondent },
): void {
  if (ping.inReplyTo !== null || hasJustSent(ping, { root, clock, folder })) return;
  const peer = findPeer(root, ping.from, clock.now());
  if (peer === undefined) return;
  try {
    const thread = ping.thread ?? ping.id;
    correspondent.send(peer, { type: 'ping', content: 'connected', inReplyTo: ping.id, thread });
  } catch (error) {
    if (!(error instanceof CahootsError)) throw error;
  }
}

function hasJustSent(
  { from }: Message,
  { root, clock, folder }: { root: string; clock: Clock; folder: SeatFolder },
): boolean {
  return readJournalTail(root, RECENT_ENTRIES).some(
    (entry) =>
      entry.type === 'ping' &&
      entry.from === folder.id &&
      entry.to === from &&
      clock.now() - Date.parse(entry.at) < PING_PAUSE_MS,
  );
}
