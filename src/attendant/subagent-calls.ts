/** The host says only to the hook before a call who makes it; remembered until the call itself comes. */
const MAX_REMEMBERED_CALLS = 200;

/** The tool calls of ours that subagents are about to make. */
export class SubagentCalls {
  readonly #calls = new Set<string>();

  /** Notes what the hook before a call told; `agent` is empty for the main conversation. */
  note({ agent, toolUse }: { readonly agent: string; readonly toolUse: string }): void {
    if (agent !== '' && toolUse !== '') this.#calls.add(toolUse);
    for (const oldest of this.#calls) {
      if (this.#calls.size <= MAX_REMEMBERED_CALLS) break;
      this.#calls.delete(oldest);
    }
  }

  /** Whether a subagent makes this call, which is then forgotten. */
  take(toolUse: string): boolean {
    return this.#calls.delete(toolUse);
  }
}
