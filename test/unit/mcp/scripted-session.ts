import type { LiveSession } from '../../../src/mcp/compose.ts';
import type { CalledTool } from '../../../src/tools/session-calls.ts';

/** A session behind a server that answers as a test says, and keeps what it was asked. */
export interface ScriptedSession extends LiveSession {
  readonly calls: CalledTool[];
  readonly hooks: unknown[];
  onCall: (call: CalledTool) => Promise<string> | string;
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
