/** A hook call of the host, its fields as the host expands them: an absent one is an empty string. */
export interface HookCall {
  readonly event: string;
  readonly conversation: string;
  readonly transcript: string;
  readonly permissionMode: string;
  /** Set in a subagent. */
  readonly agent: string;
  /** The call that the hook is about. */
  readonly toolUse: string;
  /** What begins a turn, by whomever it was said. */
  readonly prompt?: string;
  /** The calls of the batch that the hook is about, as JSON. */
  readonly calls?: string;
}
