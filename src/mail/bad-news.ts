import { findPeer } from '../directory/peers.ts';
import type { Clock } from '../lib/clock.ts';
import { findSent } from '../mailbox/find-message.ts';
import { leaveNotice } from '../mailbox/own-notice.ts';
import { type OnFolded, statesOf } from '../mailbox/receipts.ts';
import type { SeatFolder } from '../mailbox/seat-folder.ts';
import type { MessageId } from '../protocol/ids.ts';
import type { Message, MessageType } from '../protocol/message.ts';
import type { MessageState, StateRecord } from '../protocol/receipt.ts';

export interface NewsOptions {
  readonly root: string;
  readonly clock: Clock;
  readonly folder: SeatFolder;
  /** Messages whose outcome somebody waits for at this moment, and is told by that. */
  readonly awaited: () => ReadonlySet<MessageId>;
}

/** What a sender should hear of its messages without asking. */
const BAD: ReadonlySet<MessageState> = new Set(['held', 'refused', 'expired', 'undeliverable']);
/** What was said to a peer; pings and ends are between programs. */
const SAID: ReadonlySet<MessageType> = new Set(['query', 'response', 'note']);

/**
 * Tells a seat what went wrong with a message of its own: expired, refused, held for a person, undeliverable, or put
 * before the peer's session again and again without a sign of it there. Give it to `foldReceipts`.
 */
export function badNews(options: NewsOptions): OnFolded {
  const { clock, folder, awaited } = options;
  return (id, news) => {
    const bad = news.find(isBad);
    if (bad === undefined || awaited().has(id)) return;
    const sent = findSent(folder, id)?.message;
    if (sent === undefined || !SAID.has(sent.type)) return;
    leaveNotice(clock, folder, {
      reason: `${id} ${bad.unproved === true ? 'unproved' : bad.state}`,
      content: outcomeText(options, sent, bad),
      about: id,
    });
  };
}

/**
 * What a notice in the own mailbox may tell the session, by this seat's own records; undefined when they do not bear it
 * out. `mayWake` for the outcome of a question: somebody waits for that.
 */
export function outcomeOf(
  options: Omit<NewsOptions, 'awaited'>,
  about: MessageId,
): { readonly text: string; readonly mayWake: boolean } | undefined {
  const sent = findSent(options.folder, about)?.message;
  const bad = statesOf(options.folder, about).findLast(isBad);
  if (sent === undefined || bad === undefined) return undefined;
  const mayWake = sent.type === 'query' && bad.state !== 'held' && bad.unproved !== true;
  return { text: outcomeText(options, sent, bad), mayWake };
}

function isBad({ state, unproved }: StateRecord): boolean {
  return BAD.has(state) || unproved === true;
}

const NOUNS: Partial<Record<MessageType, string>> = { query: 'question', response: 'answer', note: 'note' };

function outcomeText(
  { root, clock }: Pick<NewsOptions, 'root' | 'clock'>,
  sent: Message,
  { state, reason, unproved }: StateRecord,
): string {
  const name = findPeer(root, sent.to, clock.now())?.name ?? 'a peer';
  const what = `Your ${NOUNS[sent.type] ?? sent.type} ${sent.id} to ${name} (${sent.to})`;
  const why = reason === undefined ? '' : `: ${reason}`;
  if (unproved === true) return `${what} is not proved to be seen${why}. It stays in the mailbox there.`;
  if (state === 'held') return `${what} is held for a person at the other side${why}.`;
  const end = sent.type === 'query' ? 'There will be no answer to it.' : 'It was not read.';
  return `${what} ${state === 'expired' ? 'has expired' : `is ${state}`}${why}. ${end}`;
}
