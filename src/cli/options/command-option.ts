import type { Call } from '../command.ts';
import { usageError } from '../usage-error.ts';

/** The option by which a text is a command of the agent's own. */
export const COMMAND_OPTION = {
  name: 'command',
  summary: 'to a managed session: the text is a command of its agent, such as /compact',
} as const;

/** Whether the option is there. Throws `usage` where the peer is not a managed session that a person or script speaks to. */
export function asCommand(call: Call, { isPrompt }: { isPrompt: boolean }): boolean {
  if (!call.flag('command')) return false;
  if (isPrompt) return true;
  throw usageError(
    '--command gives a managed session a command of its agent, and this peer is not one that takes prompts from here.',
    'Leave it out to send the text as a message.',
  );
}
