import { CahootsError } from '../../protocol/errors.ts';
import type { AskOutcome } from './ask.ts';

/** What to tell of a question that has no answer: what became of it, and what can be done. */
export function unansweredError(
  { sent, state, reason }: AskOutcome,
  { name, waitMs }: { readonly name: string; readonly waitMs: number },
): CahootsError {
  const { id, to } = sent;
  const why = reason === undefined ? '' : `: ${reason}`;
  const facts = { id, peer: to, state, reason: reason ?? null };
  const whom = `${name} (${to})`;
  switch (state) {
    case 'held':
      return new CahootsError('message-held', `${whom} has your question, but it is held${why}.`, {
        remedy: `A person lets it through there with: cahoots accept ${id} (or refuses it with deny). The answer then waits for: cahoots listen`,
        facts,
      });
    case 'refused':
    case 'undeliverable':
    case 'cancelled':
      return new CahootsError('message-refused', `The question to ${whom} is ${state}${why}.`, {
        remedy: `See what is known of it with: cahoots show ${id}`,
        facts,
      });
    case 'expired':
      return new CahootsError('message-expired', `The question to ${whom} has expired${why}.`, {
        remedy: 'Ask again.',
        facts,
      });
    case 'accepted':
    case 'delivered':
    case 'offered':
    case 'seen':
    case 'work-accepted':
    case 'working':
    case 'answered':
      return new CahootsError(
        'wait-timeout',
        `${whom} has not answered within ${waitMs / 1000} s; last known state of the question: ${state}.`,
        {
          remedy: `The answer will wait in the mailbox: cahoots listen. What is known of the question: cahoots show ${id}`,
          facts,
        },
      );
  }
}

/** What to tell when nobody wrote in time. */
export function noMessageError(waitMs: number): CahootsError {
  return new CahootsError('wait-timeout', `No message came within ${waitMs / 1000} s.`, {
    remedy: 'What waits in a mailbox is listed by: cahoots inbox',
    facts: { waitMs },
  });
}
