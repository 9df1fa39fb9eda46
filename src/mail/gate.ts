import type { Verdict } from '../directory/trust.ts';
import type { PendingMessage } from '../mailbox/inbox.ts';
import type { InboundRule, PermissionClass } from '../protocol/message.ts';
import type { Attention } from '../protocol/seat.ts';
import type { GuardLimits } from './storm-guard.ts';

export interface GateFacts {
  readonly rule: InboundRule;
  readonly verdict: Verdict;
  readonly ownClass: PermissionClass;
  readonly attention: Attention;
  readonly limits: Pick<GuardLimits, 'maxHops' | 'maxThreadMessages' | 'pairMessagesPerMinute'>;
  /** The sender has sent as many as it may in the minute before this one. */
  readonly isTooMany: boolean;
  /** The message is the response to a query that this seat sent to that very peer. */
  readonly answersOwnQuery: boolean;
}

export type GateDecision =
  | { readonly kind: 'pass' }
  | { readonly kind: 'hold'; readonly reason: string }
  | { readonly kind: 'refuse'; readonly reason: string };

/**
 * Whether a message may come before the model of this session.
 *
 * The person's word about the peer or the message goes first, then the guard against endless chains, then the host's
 * own rule, then parity: a sender that
 * asks before it acts and one that does not are held from each other, and so is one that does not say which it is.
 * Nothing here rests on who a sender claims to be, only the person's verdict on the seat does.
 */
export function decide(message: PendingMessage, facts: GateFacts): GateDecision {
  if (facts.verdict === 'blocked') return { kind: 'refuse', reason: 'the receiver has blocked this peer' };
  if (message.accepted || facts.answersOwnQuery) return { kind: 'pass' };
  const tooMuch = stormReason(message, facts);
  if (tooMuch !== undefined) return { kind: 'refuse', reason: tooMuch };
  if (facts.attention === 'closed')
    return { kind: 'hold', reason: 'the receiver takes no messages at the moment (attention closed)' };
  if (facts.verdict === 'trusted') return { kind: 'pass' };
  switch (facts.rule) {
    case 'accept':
      return { kind: 'pass' };
    case 'refuse':
      return {
        kind: 'refuse',
        reason: 'the receiver refuses messages of other sessions (crossSessionInbound: refuse)',
      };
    case 'hold':
      return {
        kind: 'hold',
        reason: 'the receiver holds messages of other sessions for a person (crossSessionInbound: hold)',
      };
    case 'parity':
      return byParity(message.metadata.permissionClass, facts.ownClass);
  }
}

/** Why a message is one too many of a chain, a conversation or a minute. */
function stormReason(
  { hops = 0, place = 1 }: PendingMessage,
  { limits, isTooMany }: GateFacts,
): string | undefined {
  const { maxHops, maxThreadMessages, pairMessagesPerMinute } = limits;
  if (hops > maxHops)
    return `it is message ${hops} of a chain that peers set off; at most ${maxHops} are let through`;
  if (place > maxThreadMessages)
    return `it is message ${place} of its conversation; at most ${maxThreadMessages} are let through`;
  return isTooMany
    ? `its sender has sent more than ${pairMessagesPerMinute} messages in a minute`
    : undefined;
}

function byParity(sender: PermissionClass | undefined, own: PermissionClass): GateDecision {
  if (sender === own) return { kind: 'pass' };
  const senderWords =
    sender === undefined
      ? 'does not say whether it asks before it acts'
      : sender === 'asks'
        ? 'asks before it acts'
        : 'skips permissions';
  const ownWords = own === 'asks' ? 'asks' : 'skips permissions';
  return {
    kind: 'hold',
    reason: `the sender ${senderWords} and the receiver ${ownWords}: a person has to let it through`,
  };
}
