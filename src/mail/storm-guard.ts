import type { Limits } from '../config/settings.ts';
import type { Clock } from '../lib/clock.ts';
import type { Draft } from '../mailbox/post.ts';
import type { SeatFolder } from '../mailbox/seat-folder.ts';
import { noteSent, sentLately } from '../mailbox/send-pace.ts';
import { CahootsError } from '../protocol/errors.ts';
import type { MessageType } from '../protocol/message.ts';

export type GuardLimits = Pick<Limits, 'maxHops' | 'maxThreadMessages' | 'pairMessagesPerMinute'>;

/** What sets a peer to work. Answers are as many as their questions, and what attendants say to each other costs no turn. */
const GUARDED: ReadonlySet<MessageType> = new Set(['query', 'note', 'progress']);

/**
 * Keeps sessions that answer each other from going on for ever, or from flooding each other, at the sender: how long a
 * chain, how long a conversation, and how many messages to one peer in a minute. The receiver's gate does the same for
 * senders that do not.
 */
export class StormGuard {
  readonly #limits: GuardLimits;
  readonly #clock: Clock;

  constructor({ limits, clock }: { limits: GuardLimits; clock: Clock }) {
    this.#limits = limits;
    this.#clock = clock;
  }

  /** Throws `message-refused` for a message that would be too much. */
  check(sender: SeatFolder, { to, type, hops = 0, place = 1 }: Draft): void {
    if (!GUARDED.has(type)) return;
    const { maxHops, maxThreadMessages, pairMessagesPerMinute } = this.#limits;
    if (hops > maxHops) {
      throw refusal(
        `This ${type} is message ${hops} of a chain that peers set off; at most ${maxHops} are let through.`,
        { hops, maxHops },
      );
    }
    if (place > maxThreadMessages) {
      throw refusal(
        `This ${type} is message ${place} of its conversation; at most ${maxThreadMessages} are let through.`,
        { place, maxThreadMessages },
      );
    }
    const nowMs = this.#clock.now();
    const lately = sentLately(sender, to, { nowMs, limit: pairMessagesPerMinute });
    if (lately.length < pairMessagesPerMinute) return;
    const seconds = Math.ceil(((lately[0] ?? nowMs) + 60_000 - nowMs) / 1000);
    throw new CahootsError(
      'message-refused',
      `${lately.length} messages went to ${to} in the last minute; at most ${pairMessagesPerMinute} are let through.`,
      {
        remedy: `Put what you have to say into one message, ${seconds} s from now (setting pairMessagesPerMinute).`,
        facts: { pairMessagesPerMinute, retryAfterMs: seconds * 1000 },
      },
    );
  }

  /** Notes that a message was sent. */
  note(sender: SeatFolder, { to, type }: Pick<Draft, 'to' | 'type'>): void {
    if (!GUARDED.has(type)) return;
    try {
      noteSent(sender, to, this.#clock.now());
    } catch (error) {
      // The message is sent: a disk that is full only now must not make it look unsent.
      if (!(error instanceof CahootsError)) throw error;
    }
  }
}

function refusal(what: string, facts: Readonly<Record<string, number>>): CahootsError {
  return new CahootsError('message-refused', what, {
    remedy: 'Tell the user what is going on and let them decide.',
    facts,
  });
}
