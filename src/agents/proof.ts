/**
 * What the conversation's record shows of an offered text. `abandoned`: it was recorded, and the conversation has gone on
 * without it, as after a rewind.
 */
export type ProofState = 'absent' | 'recorded' | 'abandoned' | 'seen';

/** A text that is looked for. */
export interface TrackedText {
  /** Every one of these must stand in one record of the main conversation; each is a whole message with its envelope. */
  readonly needles: readonly string[];
}

/**
 * Proves from a host's own record of a conversation that the model has seen a text.
 *
 * The promise: `stateOf` says `seen` only when the model has written something with the whole text before it. Looking costs
 * what was written since the last look, never what is past. A record that is not there yet, or cannot be read, shows nothing;
 * no method throws for it.
 */
export interface Proof {
  /** The record that is looked at. */
  readonly path: string;
  /** Goes on with another record, from its beginning or from its present end; forgets the old one. */
  follow(path: string, from: 'beginning' | 'end'): void;
  /** Reads what is new, and says what is proved of one text by now. */
  stateOf(text: TrackedText): ProofState;
  /** Nothing is looked for any more: what was read is forgotten. */
  reset(): void;
  /** Passes over what the conversation grew by while nothing was looked for. */
  skipAhead(): void;
}

/** Begins to look at a record: at what is appended from now on. The record need not exist yet. */
export type MakeProof = (path: string) => Proof;
