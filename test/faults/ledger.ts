import type { MessageId, SeatId } from '../../src/protocol/ids.ts';
import type { SentWord, TakenWord } from './words.ts';

/** Whose processes were killed. */
export const VICTIMS = ['sender', 'receiver', 'attendant'] as const;
export type Victim = (typeof VICTIMS)[number];

/** What was heard from the processes of one round: what they said to have sent and to have before them, and who was killed. */
export class Ledger {
  /** Messages whose send has succeeded. */
  readonly sent = new Map<MessageId, SentWord>();
  /** Messages that a program of another version put into a mailbox: no seat of ours has a copy in its outbox. */
  readonly foreign = new Map<MessageId, SeatId>();
  readonly taken: TakenWord[] = [];
  readonly kills: Record<Victim, number> = { sender: 0, receiver: 0, attendant: 0 };
  /** Steps that the storage refused and whose caller was told. */
  refusals = 0;
  /** Files that are no messages, and were put where readers find them. */
  invalidFiles = 0;
  /** The storage failed for a time: what became of a message may have reached its sender later, or not at all. */
  hadStorageFaults = false;

  noteSent(words: readonly SentWord[]): void {
    for (const word of words) this.sent.set(word.id, word);
  }

  noteTaken(words: readonly TakenWord[]): void {
    this.taken.push(...words);
  }

  get killCount(): number {
    return VICTIMS.reduce((sum, victim) => sum + this.kills[victim], 0);
  }
}
