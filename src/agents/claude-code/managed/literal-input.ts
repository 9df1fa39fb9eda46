import type { ToolCall } from '../../../protocol/tool-call.ts';
import { literalText } from '../literal-text.ts';

/**
 * What of a call's input an old host reads as a prompt: that of a subagent, a message to one, a prompt at a later time, and
 * what a command or subagent is called, which stands in the turn that the host begins when it ends.
 */
const PROMPTS: Readonly<Record<string, readonly string[]>> = {
  Task: ['prompt', 'description'],
  Agent: ['prompt', 'description'],
  SendMessage: ['message', 'summary'],
  CronCreate: ['prompt'],
  ScheduleWakeup: ['prompt', 'reason'],
  Bash: ['description'],
  Monitor: ['description'],
};

/**
 * The input of a call for a host that has no switch to take text as text: what it reads as a prompt is made literal.
 * Subagents are waited for, since such a host also reads what one says at its end as a prompt when nobody waits.
 */
export function literalInput({ tool, input }: Pick<ToolCall, 'tool' | 'input'>): Record<string, unknown> {
  const literal: Record<string, unknown> = { ...input };
  for (const key of PROMPTS[tool] ?? []) {
    const text = input[key];
    if (typeof text === 'string') literal[key] = literalText(text);
  }
  if (tool === 'Task' || tool === 'Agent') literal['run_in_background'] = false;
  // A command without a description is called by its text.
  const { command, description } = input;
  if (tool === 'Bash' && typeof command === 'string' && description === undefined)
    literal['description'] = literalText(command.slice(0, 80));
  return literal;
}
