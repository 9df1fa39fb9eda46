import { askSession, promptState, sendPrompt } from '../../../client/sessions/prompts.ts';
import type { PromptRecord } from '../../../protocol/managed-session.ts';
import type { Call } from '../../command.ts';
import { oneLine } from '../../text/printable.ts';
import { showWait } from '../../text/wait-line.ts';
import { reportPrompt } from './prompt-report.ts';

/** A prompt that a person gives to a managed session. */
export interface GivenPrompt {
  readonly session: { readonly id: string; readonly name: string };
  readonly text: string;
  /** The id of the seat that asks; the one that the call speaks for where left out. */
  readonly from?: string | undefined;
  /** The text is a command of the agent's own. */
  readonly command?: boolean;
}

/** How often it is said where no line can be written again that a session works. */
const LINE_INTERVAL_MS = 15_000;

/** Gives a session a prompt, waits for its end, and prints what came of it; returns the exit status. */
export async function askManaged(
  call: Call,
  { session: { id, name }, waitMs, ...wanted }: GivenPrompt & { waitMs: number },
): Promise<number> {
  let state = 'queued';
  const wait = showWait({
    output: call.output,
    text: (seconds) => `Waiting for ${oneLine(name)} (${id}): ${state}, ${seconds} s`,
    repeatMs: LINE_INTERVAL_MS,
  });
  try {
    const onLook = (prompt: PromptRecord): void => {
      state = promptState(prompt);
      wait.update();
    };
    const prompt = await askSession(call.context, id, { ...wanted, waitMs, onLook, signal: call.signal });
    wait.end();
    return await reportPrompt(call, prompt, { name, waitMs });
  } catch (error) {
    if (call.signal.aborted) {
      call.output.note(`Given up; the session works on. The result will be shown by: cahoots output ${name}`);
    }
    throw error;
  } finally {
    wait.end();
  }
}

/** Gives a session a prompt, and prints that it has it. */
export async function sendManaged(
  call: Call,
  { session: { id, name }, ...wanted }: GivenPrompt,
): Promise<void> {
  const prompt = await sendPrompt(call.context, id, wanted);
  const state = promptState(prompt);
  if (call.json) await call.output.printJson({ id: prompt.id, state });
  else await call.output.print(`${prompt.id} given to ${oneLine(name)} (${id}): ${state}`);
}
