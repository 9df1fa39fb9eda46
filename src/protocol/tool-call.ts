/** A tool call that the agent is about to make. */
export interface ToolCall {
  /** The agent's own id of the call, unique within a session. */
  readonly id: string;
  readonly tool: string;
  readonly input: Readonly<Record<string, unknown>>;
  /** Whether a subagent makes it, not the main conversation. */
  readonly bySubagent: boolean;
  /** Of a command of the agent's own, which a person gives: what kind of command it is. */
  readonly command?: CommandKind;
}

/**
 * What a command of an agent does. `housekeeping`: it is a part of the agent, and only shows or tidies the conversation.
 * `other`: anything else, such as the text of a file, which may have files opened and commands run before anybody is asked.
 */
export type CommandKind = 'housekeeping' | 'other';

/** What becomes of a tool call: it runs, it does not, or it does not and the turn ends with it. */
export type ToolVerdict =
  | { readonly verdict: 'allow' }
  | { readonly verdict: 'deny'; readonly reason: string }
  | { readonly verdict: 'deny-and-end-turn'; readonly reason: string };
