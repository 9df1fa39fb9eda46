/** The moments of a session at which a hook of ours may add context. */
export const CONTEXT_EVENTS = ['UserPromptSubmit', 'PostToolBatch', 'Stop'] as const;
export type ContextEvent = (typeof CONTEXT_EVENTS)[number];

/** Whether an event is a moment at which the model or the person is shown what a hook of ours says. */
export function isContextEvent(event: string): event is ContextEvent {
  return CONTEXT_EVENTS.some((known) => known === event);
}

export interface HookAnswer {
  /** For the model, as context at this point of the conversation. */
  readonly context?: string;
  /** For the person's eyes only; costs no tokens. */
  readonly notice?: string;
}

/**
 * The text that an `mcp_tool` hook returns to Claude Code.
 *
 * `{}` adds nothing to the conversation; anything that is not a JSON object would (seen with 2.1.197 and 2.1.329).
 */
export function hookOutput(event: string, { context, notice }: HookAnswer): string {
  return JSON.stringify({
    ...(notice === undefined ? {} : { systemMessage: notice }),
    ...(context === undefined
      ? {}
      : { hookSpecificOutput: { hookEventName: event, additionalContext: context } }),
  });
}

/** The hook answer that lets a tool call of ours through without asking the person. */
export const ALLOW_TOOL = JSON.stringify({
  hookSpecificOutput: {
    hookEventName: 'PreToolUse',
    permissionDecision: 'allow',
    permissionDecisionReason: 'cahoots: reads and sends messages only',
  },
});
