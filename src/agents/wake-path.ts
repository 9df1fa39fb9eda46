import type { MessageId } from '../protocol/ids.ts';
import type { DeliveryPath } from '../protocol/receipt.ts';

/** A text that is to start a turn in a live session. */
export interface Wake {
  /** What the model is to read, already rendered. */
  readonly text: string;
  /** The messages that are in it. */
  readonly messages: readonly MessageId[];
  /** The conversation that it is for: a session that shows another one by now must not get it. */
  readonly conversation: string;
  /** Who it comes from, for a person's eyes. */
  readonly fromName: string;
  /** Whether the sender asks a person before it acts; `prompting` where that is not known. */
  readonly fromMode: 'prompting' | 'bypass';
}

export type WakeResult =
  | { readonly ok: true }
  | {
      readonly ok: false;
      readonly reason: string;
      /** The host may have taken the text all the same. */
      readonly mayHaveTaken?: true;
    };

/**
 * A way to bring a text into a live session that is idle.
 *
 * The promise: `wake` hands the text to the host at most once per call and settles within two seconds. `ok` means that
 * the host took it, never that the model has seen it: that is proved from the conversation. A path that cannot be used
 * now says why in `unavailable` and in a failed result; it throws nothing. The contract is tested by
 * `wakePathContract` of `cahoots/testing`.
 */
export interface WakePath {
  readonly path: DeliveryPath;
  /** How long after a wake an idle session may still show nothing of it. */
  readonly settleMs: number;
  /** Why the path cannot be used now; undefined when it can. */
  unavailable(): string | undefined;
  /**
   * How a text is written on this path, where the host would take parts of it as commands; as it is where left out. What
   * is put before and after visible text changes nothing of how that is written, so that the conversation can be searched
   * for a part.
   */
  literal?(text: string): string;
  /** Whether the host keeps back what such a sender says on this path; never where this is left out. */
  keepsBack?(fromMode: Wake['fromMode']): boolean;
  wake(wake: Wake): Promise<WakeResult>;
  /** Takes back a text that the host has not taken, where the path can do that. */
  withdraw?(): void;
}
