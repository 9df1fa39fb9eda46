import { resolvePeer } from '../../directory/peers.ts';
import { findReceived, findSent } from '../../mailbox/find-message.ts';
import { type KnownEntry, readJournalTail } from '../../mailbox/journal-tail.ts';
import { openRoot, seatFolder } from '../../mailbox/seat-folder.ts';
import { CahootsError } from '../../protocol/errors.ts';
import { isSeatId, type MessageId } from '../../protocol/ids.ts';
import type { Message, MessageType } from '../../protocol/message.ts';
import { mergeStates } from '../../protocol/receipt.ts';
import type { ClientContext } from '../client-context.ts';
import { type MessageHistory, withoutStates } from './message-history.ts';
import { stateLookup } from './pending-mail.ts';

/** What somebody says; pings, ends and notices are between programs. */
const SAID: ReadonlySet<string> = new Set<MessageType>(['query', 'response', 'note']);

/**
 * The conversation that a message belongs to, whole messages with what became of each, in the order in which they were
 * sent. Reads the whole journal. Throws `message-unknown`.
 */
export function thread(context: ClientContext, id: MessageId): MessageHistory[] {
  const entries = saidIn(context);
  const ids = relatedTo(entries, id);
  if (ids.size > 0) return histories(context, entries, (entry) => ids.has(entry.message));
  throw new CahootsError('message-unknown', `The journal knows no message ${id} that somebody said.`, {
    remedy: 'Copy the id from the message; cahoots log shows the newest ones.',
    facts: { id },
  });
}

/**
 * Everything that two seats said to each other, like {@link thread}; the newest `limit` messages. Throws
 * `peer-unknown` or `peer-ambiguous`.
 */
export function between(
  context: ClientContext,
  { a, b, limit }: { readonly a: string; readonly b: string; readonly limit: number },
): MessageHistory[] {
  const { config, clock } = context;
  openRoot(config.root);
  const [one, other] = [a, b].map((address) => resolvePeer(config.root, address, clock.now()).id);
  const isBetween = ({ from, to }: KnownEntry): boolean =>
    (from === one && to === other) || (from === other && to === one);
  return histories(context, saidIn(context), isBetween).slice(-limit);
}

function saidIn({ config }: ClientContext): KnownEntry[] {
  return readJournalTail(config.root, Number.MAX_SAFE_INTEGER).filter(({ type = '' }) => SAID.has(type));
}

/** By thread, and by what answers what: a session of v1 names no thread. */
function relatedTo(entries: readonly KnownEntry[], id: MessageId): Set<string> {
  const ids = new Set<string>();
  const threads = new Set<string>();
  const links = new Set<string>([id]);
  for (let size = -1; size !== ids.size; ) {
    size = ids.size;
    for (const { message, thread: name, inReplyTo } of entries) {
      const isRelated =
        links.has(message) ||
        (name !== undefined && threads.has(name)) ||
        (typeof inReplyTo === 'string' && ids.has(inReplyTo));
      if (!isRelated) continue;
      ids.add(message);
      links.add(message);
      if (name !== undefined) threads.add(name).add(message);
      if (typeof inReplyTo === 'string') links.add(inReplyTo);
    }
  }
  return ids;
}

function histories(
  context: ClientContext,
  entries: readonly KnownEntry[],
  isWanted: (entry: KnownEntry) => boolean,
): MessageHistory[] {
  const found = new Map<MessageId, MessageHistory & { readonly firstAt: string }>();
  const statesOfMessage = stateLookup(context.config.root);
  for (const entry of entries) {
    if (found.has(entry.message) || !isWanted(entry)) continue;
    const message = wholeMessage(context.config.root, entry);
    if (message === undefined) continue;
    const states = mergeStates(statesOfMessage(message));
    found.set(entry.message, { message, states, firstAt: states[0]?.at ?? entry.at });
  }
  return [...found.values()]
    .sort((a, b) => a.firstAt.localeCompare(b.firstAt) || (a.message.seq ?? 0) - (b.message.seq ?? 0))
    .map(({ message, states }) => ({ message, states }));
}

/** The message itself; what is removed by now is known by its first words. */
function wholeMessage(root: string, entry: KnownEntry): Message | undefined {
  const { message: id, from, to, type, at, inReplyTo, summary } = entry;
  if (!isSeatId(from) || !isSeatId(to)) return undefined;
  const whole = findSent(seatFolder(root, from), id) ?? findReceived(seatFolder(root, to), id);
  if (whole !== undefined) return withoutStates(whole.message);
  return {
    id,
    from,
    to,
    type: type as MessageType,
    timestamp: at,
    status: 'removed',
    content: summary ?? '',
    inReplyTo: (inReplyTo ?? null) as MessageId | null,
    metadata: {},
  };
}
