import * as z from 'zod/mini';
import type { SeatId } from '../../protocol/ids.ts';
import type { Message } from '../../protocol/message.ts';
import type { ClientContext } from '../client-context.ts';
import { type AskOutcome, ask, type Question } from '../mail/ask.ts';
import type { OpenSeat } from '../seats/open-seat.ts';
import { callSessions } from './call-sessions.ts';

const sizeSchema = z.object({ contextTokens: z.number(), most: z.number() });
/** How large a conversation is, in tokens, and from which size on a person has to confirm that it is forked. */
export type ConversationSize = z.infer<typeof sizeSchema>;

/**
 * How large the conversation of a seat that is away is. Rejects with `conversation-unknown`, and with `session-state` when
 * it is not away.
 */
export async function conversationSize(context: ClientContext, seat: SeatId): Promise<ConversationSize> {
  return await callSessions(context, sizeSchema, { method: 'GET', path: `/v1/revive/${seat}` });
}

/**
 * Asks a peer that is away: a read-only fork of its last conversation answers, marked so. The wait ends as that of
 * {@link ask}, and the fork goes on when the time is up: its answer waits in the mailbox then.
 *
 * Rejects also with `revive-unconfirmed`, `conversation-unknown`, `message-held`, `message-refused`, and `agent-ended` when
 * the fork came to no answer; the question then waits for the session itself.
 */
export async function askRevived(
  seat: OpenSeat,
  question: Question,
  { confirmed }: { confirmed: boolean },
): Promise<AskOutcome> {
  const stop = new AbortController();
  let failure: Error | undefined;
  const onSent = (sent: Message): void => {
    const call = revive(seat.context, sent, { confirmed, signal: stop.signal });
    call.catch((error: Error) => {
      if (stop.signal.aborted) return;
      failure = error;
      stop.abort();
    });
  };
  try {
    const signal = AbortSignal.any([question.signal, stop.signal]);
    return await ask(seat, { ...question, onSent, signal });
  } catch (error) {
    throw failure ?? error;
  } finally {
    stop.abort();
  }
}

async function revive(
  context: ClientContext,
  { id: message, to: seat }: Message,
  { confirmed, signal }: { confirmed: boolean; signal: AbortSignal },
): Promise<void> {
  const body = { seat, message, confirmed };
  await callSessions(context, z.object({}), { method: 'POST', path: '/v1/revive', body, signal });
}
