import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { journalFolder, parseJournal } from '../../src/mailbox/journal.ts';
import { statesOf } from '../../src/mailbox/receipts.ts';
import { seatFolder } from '../../src/mailbox/seat-folder.ts';
import { isMessageId, isSeatId } from '../../src/protocol/ids.ts';
import type { ModelSession } from '../../src/testing/index.ts';

/** What became of every message that the sessions of one root sent each other. */
export interface Audit {
  readonly sent: number;
  /** Their id stands in a model request of the receiver. */
  readonly inRequests: number;
  /** Their sender has a receipt that they were seen. */
  readonly proved: number;
  /** Further copies in a conversation that say that they are repeats. */
  readonly repeatsAnnounced: number;
  /** Sent, and in no request of the receiver's. */
  readonly lost: readonly string[];
  /** In a request, and without proof. */
  readonly unproved: readonly string[];
  /** Further copies in a conversation that do not say so. */
  readonly doubled: readonly string[];
  /** In a request of the receiver's without having been sent. */
  readonly unknown: readonly string[];
}

interface Sent {
  readonly id: string;
  readonly from: string;
  readonly to: string;
}

/** Counts, from what the models were given (`models` by seat) and from what the senders' mailboxes say. */
export function countMessages(root: string, models: ReadonlyMap<string, ModelSession>): Audit {
  const sent = sentMessages(root);
  const known = new Set(sent.map(({ id }) => id));
  const shown = new Map([...models].map(([seat, model]) => [seat, shownTo(model)]));
  const isShown = ({ id, to }: Sent): boolean => shown.get(to)?.everywhere.has(id) === true;
  const repeats = [...shown.values()].flatMap(({ repeated }) => repeated);
  return {
    sent: sent.length,
    inRequests: sent.filter(isShown).length,
    proved: sent.filter((message) => isProved(root, message)).length,
    repeatsAnnounced: repeats.filter(({ isAnnounced }) => isAnnounced).length,
    lost: sent.filter((message) => !isShown(message)).map(describe),
    unproved: sent.filter((message) => isShown(message) && !isProved(root, message)).map(describe),
    doubled: repeats.filter(({ isAnnounced }) => !isAnnounced).map(({ id }) => id),
    unknown: [...shown.values()].flatMap(({ everywhere }) => [...everywhere].filter((id) => !known.has(id))),
  };
}

/** Those among the sent messages whose sender does not know yet that they were seen. */
export function unprovedMessages(root: string): Sent[] {
  return sentMessages(root).filter((message) => !isProved(root, message));
}

function sentMessages(root: string): Sent[] {
  const sent = new Map<string, Sent>();
  for (const day of readdirSync(journalFolder(root))) {
    for (const entry of parseJournal(readFileSync(join(journalFolder(root), day), 'utf8'))) {
      const isMail = entry.type === 'query' || entry.type === 'response' || entry.type === 'note';
      if (entry.state === 'accepted' && isMail)
        sent.set(entry.message, { id: entry.message, from: entry.from, to: entry.to });
    }
  }
  return [...sent.values()];
}

function isProved(root: string, { id, from }: Sent): boolean {
  if (!isSeatId(from) || !isMessageId(id)) return false;
  return statesOf(seatFolder(root, from), id).some(({ state }) => state === 'seen' || state === 'answered');
}

function describe({ id, from, to }: Sent): string {
  return `${id} ${from}→${to}`;
}

interface Shown {
  readonly everywhere: ReadonlySet<string>;
  readonly repeated: readonly { readonly id: string; readonly isAnnounced: boolean }[];
}

/** What a model was given. The last request holds the whole conversation: what stands in it twice was said twice. */
function shownTo(model: ModelSession): Shown {
  const everywhere = new Set<string>();
  for (const { text } of model.turns) for (const { id } of blocksIn(text)) everywhere.add(id);
  const once = new Set<string>();
  const repeated: { id: string; isAnnounced: boolean }[] = [];
  for (const { id, attributes } of blocksIn(model.turns.at(-1)?.text ?? '')) {
    if (once.has(id)) repeated.push({ id, isAnnounced: attributes.includes('repeat=') });
    once.add(id);
  }
  return { everywhere, repeated };
}

function blocksIn(text: string): { id: string; attributes: string }[] {
  return [...text.matchAll(/<peer-message id="(msg-\w+)"([^>]*)>/g)].map(([, id = '', attributes = '']) => ({
    id,
    attributes,
  }));
}
