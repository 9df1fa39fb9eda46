import type { SessionCalls, ToolCall } from '../../../src/mcp/session-calls.ts';

/** A session behind a server that answers as a test says, and keeps what it was asked. */
export interface ScriptedSession extends SessionCalls {
  readonly calls: ToolCall[];
  readonly hooks: unknown[];
  onCall: (call: ToolCall) => Promise<string> | string;
  onHook: (input: unknown) => Promise<string> | string;
}

export function scriptedSession(): ScriptedSession {
  const session: ScriptedSession = {
    calls: [],
    hooks: [],
    onCall: () => 'done',
    onHook: () => '{}',
    start: () => undefined,
    close: () => undefined,
    call: async (call) => {
      session.calls.push(call);
      return await session.onCall(call);
    },
    hook: async (input) => {
      session.hooks.push(input);
      return await session.onHook(input);
    },
  };
  return session;
}
