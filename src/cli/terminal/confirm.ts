import { createInterface } from 'node:readline';
import { cancelled } from '../../client/cancelled.ts';
import { CahootsError } from '../../protocol/errors.ts';
import type { Call } from '../command.ts';

/**
 * Asks the person at the terminal whether to go ahead, and returns the answer; true at once with `--yes`.
 *
 * Throws `usage` where nobody can be asked: standard input is no terminal, or a program reads the output. Rejects with
 * `cancelled` when the signal aborts.
 */
export async function confirm(call: Call, question: string): Promise<boolean> {
  if (call.flag('yes')) return true;
  if (call.json || !call.input.isTTY) {
    const why = call.json ? 'a program reads the output' : 'standard input is no terminal';
    throw new CahootsError('usage', `Nobody can be asked (${why}), so nothing was changed.`, {
      remedy: 'Give --yes to go ahead without a question.',
      facts: { option: 'yes' },
    });
  }
  call.output.complain(`${question} [y/N]`);
  const answer = await readLine(call);
  return /^\s*y(es)?\s*$/i.test(answer);
}

/** One line; empty when the input ends. */
async function readLine({ input, signal }: Call): Promise<string> {
  const lines = createInterface({ input });
  const stop = (): void => lines.close();
  signal.addEventListener('abort', stop, { once: true });
  try {
    for await (const line of lines) return line;
    if (signal.aborted) throw cancelled();
    return '';
  } finally {
    signal.removeEventListener('abort', stop);
    lines.close();
  }
}
