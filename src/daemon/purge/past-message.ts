import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { unlessGone } from '../../lib/errno.ts';
import { withLock } from '../../lib/file-lock.ts';
import { removeEntry } from '../../lib/remove-entry.ts';
import { isPast, pastPath } from '../../mailbox/past.ts';
import { statesOf } from '../../mailbox/receipts.ts';
import { facadeOf, isThere, type SeatFolder, seatFolder } from '../../mailbox/seat-folder.ts';
import { CahootsError } from '../../protocol/errors.ts';
import type { MessageId, SeatId } from '../../protocol/ids.ts';
import type { Message } from '../../protocol/message.ts';
import { currentState, FINAL_STATES, type MessageState } from '../../protocol/receipt.ts';

/** Whoever files receipts holds the lock for milliseconds. */
const LOCK_PATIENCE_MS = 5_000;
/** With any of these the receiver has had the message in hand. */
const HANDLED: ReadonlySet<MessageState> = new Set([...FINAL_STATES, 'seen', 'work-accepted', 'working']);

/** Whether a message waits somewhere: with its sender, on its way, or with its receiver. */
export function isWaiting(root: string, { id, from, to }: { id: string; from: SeatId; to: SeatId }): boolean {
  const [sender, receiver] = [seatFolder(root, from), seatFolder(root, to)];
  const name = `${id}.json`;
  // In the order in which it moves, so that one that moves meanwhile is not missed.
  return (
    namesIn(sender.sending).some((file) => file.startsWith(id)) ||
    isThere(join(facadeOf(root, to).inbox, name)) ||
    isThere(join(receiver.inbox, name)) ||
    namesIn(receiver.claimed).some((file) => file.startsWith(id))
  );
}

/** Whether a message is not done with: it waits, its receiver has not handled it, or its answer is still to come. */
export function isOpenMessage(root: string, message: Message): boolean {
  const { id, from, to } = message;
  if (isWaiting(root, message)) return true;
  const [sender, receiver] = [seatFolder(root, from), seatFolder(root, to)];
  if (!isPast(sender.outbox, id)) return false;
  const states = statesOf(sender, id);
  const isHandled =
    states.some(({ state }) => HANDLED.has(state)) ||
    isPast(receiver.read, id) ||
    isPast(receiver.rejected, id) ||
    // Of session-bridge v1, or gone: nothing more will be heard of it.
    !isThere(receiver.path);
  if (!isHandled) return true;
  const asks = message.type === 'query' && message.expectsReply === true;
  return asks && isThere(receiver.path) && !FINAL_STATES.has(currentState(states));
}

/**
 * Removes every copy of a message that is not open, with what is told of it: the sender's first, so that after a kill in
 * between the other one is found again. Throws `storage-failed` when somebody has the sender's receipts in hand for long.
 */
export function eraseMessage(root: string, { id, from, to }: Pick<Message, 'id' | 'from' | 'to'>): void {
  const [sender, receiver] = [seatFolder(root, from), seatFolder(root, to)];
  if (isThere(sender.receipts)) {
    // Whoever files a receipt writes the sender's copy anew.
    const lock = join(sender.receipts, '.fold-lock');
    const isDone = withLock(lock, { work: () => eraseSent(sender, id), patienceMs: LOCK_PATIENCE_MS });
    if (!isDone) throw busy(lock);
  } else eraseSent(sender, id);
  for (const past of [receiver.rejected, receiver.read]) {
    const path = pastPath(past, id);
    for (const file of [`${path}.reason`, path]) if (isThere(file)) removeEntry(file);
  }
}

function eraseSent(sender: SeatFolder, id: MessageId): void {
  const copy = pastPath(sender.outbox, id);
  if (isThere(copy)) removeEntry(copy);
  for (const name of namesIn(sender.receipts)) {
    if (name.startsWith(`${id}.`)) removeEntry(join(sender.receipts, name));
  }
}

function namesIn(folder: string): string[] {
  return unlessGone(() => readdirSync(folder), []);
}

function busy(lock: string): CahootsError {
  return new CahootsError('storage-failed', `Another process holds ${lock} for long.`, {
    remedy: 'Run the purge again; what was erased so far stays erased.',
    facts: { lock },
  });
}
