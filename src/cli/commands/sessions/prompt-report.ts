import { promptState } from '../../../client/sessions/prompts.ts';
import { isoMillis } from '../../../lib/clock.ts';
import type { PromptRecord } from '../../../protocol/managed-session.ts';
import { limitText } from '../../../protocol/used.ts';
import type { Call } from '../../command.ts';
import { oneLine, shortened } from '../../text/printable.ts';

const SHOWN_CHARACTERS = 200;

/** The JSON of a prompt that was given: what `ask` says of any question, and the record as the result. */
export function promptJson(prompt: PromptRecord): object {
  const { id, session, turn, ended, endedAtMs } = prompt;
  const response =
    ended?.outcome !== 'completed'
      ? null
      : { id, from: session, content: turn?.text ?? '', timestamp: isoMillis(endedAtMs ?? 0) };
  return { id, state: promptState(prompt), response, result: prompt };
}

/** The exit status for how far a prompt has come: 0 completed, 5 a limit was reached, 4 it goes on, 1 anything else. */
export function outcomeStatus({ ended }: PromptRecord): number {
  if (ended === undefined) return 4;
  if (ended.outcome === 'completed') return 0;
  return ended.outcome === 'limit-reached' ? 5 : 1;
}

/** Prints what came of a prompt, and says on standard error why there is no more; returns the exit status. */
export async function reportPrompt(
  call: Call,
  prompt: PromptRecord,
  { name, waitMs }: { name: string; waitMs: number | undefined },
): Promise<number> {
  if (call.json) await call.output.printJson(promptJson(prompt));
  else await printText(call, prompt, name);
  for (const { tool, input, reason } of prompt.turn?.denials ?? []) {
    call.output.note(
      `Denied: ${oneLine(tool)} ${shortened(JSON.stringify(input), SHOWN_CHARACTERS)}: ${reason}`,
    );
  }
  const why = whyNoMore(prompt, { name: oneLine(name), waitMs });
  if (why !== undefined) call.output.note(why);
  return outcomeStatus(prompt);
}

async function printText(call: Call, { ended, turn }: PromptRecord, name: string): Promise<void> {
  const said = turn?.text ?? '';
  if (ended?.outcome === 'completed') await call.output.print(`Response from ${oneLine(name)}:\n${said}`);
  else if (said !== '') await call.output.print(`${oneLine(name)} had said so far:\n${said}`);
}

function whyNoMore(
  prompt: PromptRecord,
  { name, waitMs }: { name: string; waitMs: number | undefined },
): string | undefined {
  const { ended } = prompt;
  switch (ended?.outcome) {
    case 'completed':
      return undefined;
    case 'limit-reached':
      return limitText(ended.reached);
    case 'failed':
      return `The turn failed (${ended.failure.kind}): ${ended.failure.message}`;
    case 'dropped':
      return `The prompt was dropped: ${ended.reason}`;
    case 'interrupted':
      return 'The turn was interrupted.';
    default: {
      const time = waitMs === undefined ? '' : ` within ${waitMs / 1_000} s`;
      return `${name} has not finished${time}; last known state of the prompt: ${promptState(prompt)}. The result will be shown by: cahoots output ${name}`;
    }
  }
}
