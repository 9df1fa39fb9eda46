import type { SeatId } from '../../src/protocol/ids.ts';

/** What carries the messages: our mailboxes, or bare flushed files with a rename and a watch, for comparison. */
export type Transport = 'mailbox' | 'bare';

/** What one process of a load does; it begins when it is told to go. */
export interface LoadJob {
  readonly root: string;
  readonly seat: SeatId;
  readonly transport: Transport;
  /** The seats that it writes to, in turn; one that writes to nobody only takes. */
  readonly to: readonly SeatId[];
  /** How many messages it sends at most. */
  readonly messages: number;
  /** After how long it stops sending; only after the last one when left out. */
  readonly forMs?: number;
  /** Whether it looks for mail before each message that it sends, so that nobody sends faster than is taken. */
  readonly balanced: boolean;
  /** Also what a session does beside: receipts for what it took, folding those for what it sent, a look at its peers. */
  readonly mixed: boolean;
  /** The most messages that it can send or take: the room for what it notes is made beforehand, so that it does not count as growth. */
  readonly capacity: number;
  /** After how many taken messages it notes its memory; never when left out. */
  readonly memoryEach?: number;
}

/** What a process is told. */
export type Order = { readonly go: true } | { readonly expect: number };

/** What a process tells. */
export type Report =
  | { readonly kind: 'ready' }
  | {
      readonly kind: 'sent';
      /** How many went to each seat. */
      readonly counts: Readonly<Record<string, number>>;
      readonly ids: readonly string[];
      /** How long each call of send took, in milliseconds. */
      readonly sendMs: readonly number[];
    }
  | {
      readonly kind: 'taken';
      readonly ids: readonly string[];
      /** For each message the time from the call of send until it was taken, in milliseconds. */
      readonly latencyMs: readonly number[];
      /** The heap in use after a collection, and the resident memory, in MB, each time `memoryEach` more were taken. */
      readonly heapMb: readonly number[];
      readonly residentMb: readonly number[];
    };
