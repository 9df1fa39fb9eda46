import type { ResolvedConfig } from '../config/config.ts';
import type { ManagedSettings } from '../config/settings.ts';
import { findPeer } from '../directory/peers.ts';
import { verdictOf } from '../directory/trust.ts';
import type { Clock } from '../lib/clock.ts';
import { thisProcess } from '../lib/process-identity.ts';
import { Correspondent } from '../mail/correspondent.ts';
import { decide } from '../mail/gate.ts';
import { renderMessage, renderOffer } from '../mail/offer-text.ts';
import { ReceiptWriter } from '../mail/receipt-writer.ts';
import { type ClaimedMessage, Inbox } from '../mailbox/inbox.ts';
import { seatFolder } from '../mailbox/seat-folder.ts';
import { unlessMailboxFails } from '../mailbox/storage-fault.ts';
import { CahootsError } from '../protocol/errors.ts';
import type { MessageId, SeatId } from '../protocol/ids.ts';
import type { PromptRecord } from '../protocol/managed-session.ts';
import type { Message } from '../protocol/message.ts';
import type { SeatRecord } from '../protocol/seat.ts';
import { limitText } from '../supervisor/limits.ts';
import type { Supervisor } from '../supervisor/supervisor.ts';

export interface ReviverOptions {
  readonly config: ResolvedConfig;
  readonly clock: Clock;
  readonly supervisor: Supervisor;
  /** The person's settings as they are at the moment of each call. */
  readonly settings: () => ManagedSettings;
}

export interface ReviveRequest {
  /** A question that waits in the mailbox of a seat that is away. */
  readonly message: MessageId;
  readonly seat: SeatId;
  /** The person has been told how large the conversation is. */
  readonly confirmed: boolean;
}

/** What a fork answered. */
export interface Revived {
  /** The session that the fork was; it is stopped, and kept until it is deleted. */
  readonly session: SeatId;
  /** How many tokens the conversation was estimated to have. */
  readonly contextTokens: number;
  readonly response: Message;
}

/** What a fork may do for one answer beside what it may cost. */
const MOST_STEPS = 25;
const MOST_MINUTES = 10;
const AGENT = 'claude-code';

/**
 * Has a conversation answer whose session has ended: a copy of it, that may look and change nothing, reads the question
 * and answers in the seat's name, marked as a fork's answer. The conversation itself stays as it is.
 */
export class Reviver {
  readonly #options: ReviverOptions;

  constructor(options: ReviverOptions) {
    this.#options = options;
  }

  /** How large the conversation of a seat is. Rejects with `session-state` when it is not away, `conversation-unknown`. */
  async size(seat: SeatId): Promise<{ contextTokens: number; most: number }> {
    const { supervisor, settings } = this.#options;
    const { conversation = '' } = this.#awaySeat(seat);
    const { contextTokens } = await supervisor.pastConversation(AGENT, conversation);
    return { contextTokens, most: settings().reviveTokens };
  }

  /**
   * Answers one question. Rejects with `revive-unconfirmed` when the conversation is larger than the person's setting and
   * that was not confirmed, `message-held` or `message-refused` when the seat's gate keeps the sender out,
   * `session-state` when the seat is not away, `conversation-unknown`, `message-unknown`, and `agent-ended` when the fork
   * came to no answer. Whatever it rejects with, the question waits for the session as before.
   */
  async answer({ message, seat, confirmed }: ReviveRequest): Promise<Revived> {
    const { supervisor, settings } = this.#options;
    const record = this.#awaySeat(seat);
    const conversation = record.conversation ?? '';
    const past = await supervisor.pastConversation(AGENT, conversation);
    requireConfirmed(record, past.contextTokens, { confirmed, most: settings().reviveTokens });
    const inbox = this.#inboxOf(record);
    const claimed = this.#take(inbox, message, record);
    const revived = await this.#answerTaken(record, { claimed, cwd: past.cwd }).catch((error: unknown) => {
      inbox.release(claimed, { maybeSeen: false });
      throw error;
    });
    // The answer is there. Should that fail, the question comes back once this process has ended, marked as a repeat.
    unlessMailboxFails(() => inbox.settle(claimed));
    return { ...revived, contextTokens: past.contextTokens };
  }

  async #answerTaken(
    record: SeatRecord,
    { claimed, cwd }: { claimed: ClaimedMessage; cwd: string },
  ): Promise<{ session: SeatId; response: Message }> {
    const { prompt, session } = await this.#ask(record, { claimed, cwd });
    return { session, response: this.#reply(record, { claimed, prompt }) };
  }

  #awaySeat(seat: SeatId): SeatRecord {
    const { config, clock } = this.#options;
    const peer = findPeer(config.root, seat, clock.now());
    const record = peer?.record;
    if (record === undefined || record.conversation === undefined) {
      throw new CahootsError('conversation-unknown', `The seat ${seat} has had no conversation.`, {
        remedy: 'Only a seat on which a session has sat can be revived.',
        facts: { seat },
      });
    }
    if (peer?.state === 'away') return record;
    throw new CahootsError('session-state', `${record.name} is here, and ${peer?.state}.`, {
      remedy: `Ask it without reviving it: cahoots ask ${record.name} …`,
      facts: { seat, state: peer?.state },
    });
  }

  #inboxOf({ sessionId, generation }: SeatRecord): Inbox {
    const { config, clock } = this.#options;
    return new Inbox({
      root: config.root,
      folder: seatFolder(config.root, sessionId),
      // While this process lives nobody takes for abandoned what it has taken, also not the session that comes back.
      owner: { process: thisProcess(), generation },
      clock,
      expiresAfterMs: config.limits.expiresAfterMs,
    });
  }

  #take(inbox: Inbox, id: MessageId, record: SeatRecord): ClaimedMessage {
    const pending = inbox.pending().find((waiting) => waiting.id === id);
    if (pending === undefined) {
      throw new CahootsError('message-unknown', `No message ${id} waits for ${record.name}.`, {
        remedy: 'It may have been taken meanwhile: cahoots show ' + id,
        facts: { message: id, seat: record.sessionId },
      });
    }
    const { config } = this.#options;
    const decision = decide(pending, {
      rule: 'parity',
      verdict: verdictOf(config.root, { sender: pending.from, receiver: record.sessionId }),
      // What it may do is to look, whatever the session itself was let do.
      ownClass: 'asks',
      attention: record.attention,
      limits: config.limits,
      isTooMany: false,
      answersOwnQuery: false,
    });
    if (decision.kind !== 'pass') {
      throw new CahootsError(
        decision.kind === 'hold' ? 'message-held' : 'message-refused',
        `${record.name} is not revived for this: ${decision.reason}.`,
        {
          remedy: `A person can let the sender in: cahoots trust <peer> --as ${record.name}`,
          facts: { message: id },
        },
      );
    }
    const claimed = inbox.claim(id);
    if (claimed !== undefined) return claimed;
    throw new CahootsError('message-unknown', `${id} was taken by somebody else just now.`, {
      remedy: `See what became of it: cahoots show ${id}`,
      facts: { message: id },
    });
  }

  async #ask(
    record: SeatRecord,
    { claimed, cwd }: { claimed: ClaimedMessage; cwd: string },
  ): Promise<{ prompt: PromptRecord; session: SeatId }> {
    const { supervisor, settings } = this.#options;
    const { message } = claimed;
    const turn = { costUsd: settings().reviveCostUsd, turns: MOST_STEPS, minutes: MOST_MINUTES };
    const session = await supervisor.spawn({
      name: this.#nameFor(record),
      agent: AGENT,
      cwd,
      preset: 'read-only',
      limits: { session: {}, turn },
      resume: { from: record.conversation ?? '', fork: true },
      forkOf: record.sessionId,
    });
    try {
      const block = renderMessage(message, { conversation: record.conversation ?? '' });
      const text = `${renderOffer([block], [message])}\n\n${AS_A_FORK}`;
      this.#record(record, message, 'offered');
      return {
        prompt: await session.accept({ text, from: message.from }).settled,
        session: session.record.id,
      };
    } finally {
      await session.stop();
    }
  }

  #reply(
    record: SeatRecord,
    { claimed, prompt }: { claimed: ClaimedMessage; prompt: PromptRecord },
  ): Message {
    const { config, clock } = this.#options;
    const said = prompt.turn?.text.trim() ?? '';
    if (prompt.ended?.outcome !== 'completed' || said === '') throw unanswered(record, prompt);
    this.#record(record, claimed.message, 'seen');
    const folder = seatFolder(config.root, record.sessionId);
    const correspondent = new Correspondent({
      root: config.root,
      clock,
      limits: config.limits,
      seat: () => ({ folder, record }),
      permissionClass: () => 'asks',
    });
    return correspondent.reply(claimed.message.id, said, { byFork: true }).sent;
  }

  #record({ sessionId }: SeatRecord, message: Message, state: 'offered' | 'seen'): void {
    const { config, clock } = this.#options;
    const folder = seatFolder(config.root, sessionId);
    const reason = 'a fork of its conversation';
    new ReceiptWriter({ root: config.root, clock, folder }).record(message, {
      state,
      path: 'next-turn',
      reason,
    });
  }

  #nameFor({ name }: SeatRecord): string {
    const taken = (candidate: string): boolean => this.#options.supervisor.isNamed(candidate);
    const base = `${name.slice(0, 48)}-revived`;
    for (let number = 1; ; number += 1) {
      const candidate = number === 1 ? base : `${base}-${number}`;
      if (!taken(candidate)) return candidate;
    }
  }
}

const AS_A_FORK =
  '(Your session has ended; you are a copy of it that was started for this one question. You may look at files and change nothing. Your last words are sent as the answer: answer from what you know and what is in the files, and say so where you do not know.)';

function requireConfirmed(
  { name, sessionId }: SeatRecord,
  tokens: number,
  { confirmed, most }: { confirmed: boolean; most: number },
): void {
  if (confirmed || tokens <= most) return;
  throw new CahootsError(
    'revive-unconfirmed',
    `The conversation of ${name} has about ${tokens.toLocaleString('en-US')} tokens, more than ${most.toLocaleString('en-US')}.`,
    { remedy: 'Confirm it: ask again with --revive --yes', facts: { seat: sessionId, tokens, most } },
  );
}

function unanswered({ name }: SeatRecord, { ended, turn }: PromptRecord): CahootsError {
  const why =
    ended?.outcome === 'failed'
      ? ended.failure.message
      : ended?.outcome === 'limit-reached'
        ? limitText(ended.reached)
        : `its turn ended as ${ended?.outcome ?? 'unknown'}`;
  return new CahootsError('agent-ended', `The fork of ${name} came to no answer: ${why}`, {
    remedy: 'The question waits for the session itself.',
    facts: { outcome: ended?.outcome, said: turn?.text },
  });
}
