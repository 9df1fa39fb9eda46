import * as z from 'zod/mini';
import type { HookAnswer, HookCall, SessionMoment } from '../../live-host.ts';
import { doneWork } from './batch-steps.ts';

/** What the hooks of the plugin pass; see `plugin/hooks/hooks.json`. The host fills in what it knows. */
export const hookInput = z.object({
  event: z.string(),
  conversation: z._default(z.string(), ''),
  transcript: z._default(z.string(), ''),
  permission_mode: z._default(z.string(), ''),
  agent: z._default(z.string(), ''),
  tool_use: z._default(z.string(), ''),
  prompt: z._default(z.string(), ''),
  calls: z._default(z.string(), ''),
});

/** The events of Claude Code at which a hook of ours is called. */
export const HOOK_MOMENTS: Readonly<Record<string, SessionMoment>> = {
  UserPromptSubmit: 'prompt',
  PreToolUse: 'tool-call',
  PostToolBatch: 'tools-done',
  Stop: 'turn-end',
  SessionEnd: 'conversation-end',
};

/** The hook answer that lets a tool call of ours through without asking the person. */
const ALLOW_TOOL = {
  hookEventName: 'PreToolUse',
  permissionDecision: 'allow',
  permissionDecisionReason: 'cahoots: reads and sends messages only',
} as const;

/**
 * Answers a hook call of Claude Code with the text that an `mcp_tool` hook returns.
 *
 * `{}` adds nothing to the conversation; anything that is not a JSON object would (seen with 2.1.197 and 2.1.329). So what
 * is not the call of a hook is answered by that, too.
 */
export async function answerHook(
  input: unknown,
  answer: (call: HookCall) => Promise<HookAnswer>,
): Promise<string> {
  const parsed = hookInput.safeParse(input ?? {});
  if (!parsed.success) return '{}';
  const { event, permission_mode: permissionMode, tool_use: toolUse, calls, ...rest } = parsed.data;
  const moment = Object.hasOwn(HOOK_MOMENTS, event) ? (HOOK_MOMENTS[event] ?? 'other') : 'other';
  const work = moment === 'tools-done' ? doneWork(calls) : undefined;
  const call: HookCall = { ...rest, moment, permissionMode, toolUse, ...(work !== undefined && { work }) };
  return hookOutput(event, await answer(call));
}

function hookOutput(event: string, { context, notice, allowsTool }: HookAnswer): string {
  return JSON.stringify({
    ...(notice !== undefined && { systemMessage: notice }),
    ...(context !== undefined && {
      hookSpecificOutput: { hookEventName: event, additionalContext: context },
    }),
    ...(allowsTool === true && { hookSpecificOutput: ALLOW_TOOL }),
  });
}
