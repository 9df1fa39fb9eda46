import { CahootsError } from '../protocol/errors.ts';
import type { Message } from '../protocol/message.ts';
import type { Correspondent } from './correspondent.ts';

/** Answers a ping with a ping, as session-bridge v1 does. A peer that pings and is gone needs no answer. */
export function answerPing(correspondent: Correspondent, ping: Message): void {
  try {
    const peer = correspondent.resolve(ping.from);
    const thread = ping.thread ?? ping.id;
    correspondent.send(peer, { type: 'ping', content: 'pong', inReplyTo: ping.id, thread });
  } catch (error) {
    if (!(error instanceof CahootsError)) throw error;
  }
}
