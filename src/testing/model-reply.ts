/** One call that the model makes. `id` is chosen by the bench when left out. */
export interface ToolCall {
  readonly tool: string;
  readonly input?: Readonly<Record<string, unknown>>;
  readonly id?: string;
}

/** Token numbers that the reply reports. What is left out is estimated from the lengths. */
export interface ModelUsage {
  readonly inputTokens?: number;
  readonly outputTokens?: number;
  readonly cacheReadTokens?: number;
  readonly cacheCreationTokens?: number;
}

/**
 * How a request fails. A number or `status` is an HTTP error in the API's shape; `malformed` is a 200 whose body is no
 * valid answer; `cut` closes the connection in the middle of the answer; `hang` never answers until the client leaves.
 */
export type ModelFailure =
  | number
  | 'malformed'
  | 'cut'
  | 'hang'
  | {
      readonly status: number;
      readonly type?: string;
      readonly message?: string;
      readonly retryAfterSeconds?: number;
      /** Further headers of the answer, as those that tell of a plan's allowance. */
      readonly headers?: Readonly<Record<string, string>>;
    };

/** What the scripted model answers: text, then calls, or a failure. All of it is optional. */
export interface ModelAnswer {
  readonly text?: string;
  /** Thinking text that goes before the answer. */
  readonly thinking?: string;
  readonly calls?: readonly ToolCall[];
  /** Waits before the first byte of the answer. */
  readonly delayMs?: number;
  /** Waits between the pieces of a streamed answer. */
  readonly chunkDelayMs?: number;
  readonly usage?: ModelUsage;
  readonly stopReason?: string;
  readonly error?: ModelFailure;
}

/** An answer, or its short forms: a string is text, `{ tool, input }` is one call. */
export type Reply = string | ModelAnswer | (ToolCall & Omit<ModelAnswer, 'calls'>);

/** Writes out the short forms. */
export function toAnswer(reply: Reply): ModelAnswer {
  if (typeof reply === 'string') return { text: reply };
  if (!('tool' in reply)) return reply;
  const { tool, input, id, ...answer } = reply;
  return { ...answer, calls: [{ tool, ...(input && { input }), ...(id && { id }) }] };
}
