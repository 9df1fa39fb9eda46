/** A tool call that the agent is about to make. */
export interface ToolCall {
  /** The agent's own id of the call, unique within a session. */
  readonly id: string;
  readonly tool: string;
  readonly input: Readonly<Record<string, unknown>>;
  /** Whether a subagent makes it, not the main conversation. */
  readonly bySubagent: boolean;
  /** What the agent would open and run by itself to carry it out; left out where that is nothing. */
  readonly expands?: Expansion;
}

/** What an agent opens and runs by itself for a skill or command, before the model sees any of it. */
export type Expansion =
  /** A part of the agent that is no text of a file, and that only looks at or tidies the conversation itself. */
  | { readonly kind: 'housekeeping' }
  | {
      readonly kind: 'files';
      /** The files that hold its text, and those that its text mentions so that they are opened, absolute. */
      readonly opens: readonly string[];
      /** The shell commands that its text has run. */
      readonly runs: readonly string[];
    }
  /** What it would do cannot be told from here; `reason` is a clause that says why. */
  | { readonly kind: 'unknown'; readonly reason: string };

/** What becomes of a tool call: it runs, it does not, or it does not and the turn ends with it. */
export type ToolVerdict =
  | { readonly verdict: 'allow' }
  | { readonly verdict: 'deny'; readonly reason: string }
  | { readonly verdict: 'deny-and-end-turn'; readonly reason: string };
