import { resolve } from 'node:path';
import type { BatchResult } from '../../../client/sessions/batch.ts';
import type { Call, CommandSpec } from '../../command.ts';
import { countOption } from '../../options/number-options.ts';
import { shortened } from '../../text/printable.ts';
import { table } from '../../text/table.ts';

const SHOWN_CHARACTERS = 120;

export const batch: CommandSpec = {
  name: 'batch',
  group: 'Managed sessions',
  summary: 'Give each task of a file to a session of its own, and wait for all of them',
  details: [
    'The file is JSON: {"concurrency": 3, "tasks": [{"name", "prompt", "cwd", "model", "system", "preset", "limits"}]}; only name and prompt are required. concurrency says how many work at once. A cwd is relative to the folder of the file, and is that folder when left out. limits is {"session", "turn"}, each with costUsd, turns, tokens and minutes.',
    'Each session is stopped when its prompt has ended, and stays in the list; output shows what it said. Ctrl-C stops the sessions that were started.',
  ],
  arguments: [{ name: 'file', summary: 'the tasks' }],
  options: [
    { name: 'concurrency', value: 'n', summary: 'how many work at once, whatever the file says' },
    { name: 'delete', summary: 'remove the sessions that have completed their task' },
  ],
  json: '[{name, state, session, prompt, error}]: state is that of the prompt, or error when there is none; session, prompt and error are null where there is none',
  example: `$ cahoots batch review.json
NAME   STATE          COST     SAID
api    completed      $0.2210  Two findings: the retry in client.ts never ends, and …
pages  limit-reached  $1.0031  The limit of this turn is reached: $1.00 of $1.00 spent.`,
  exit: { 1: 'a task has not completed' },
  run: async (call) => {
    const concurrency = countOption(call, 'concurrency');
    const { readBatchPlan, runBatch } = await import('../../lazy/sessions.ts');
    const plan = readBatchPlan(resolve(call.cwd, call.argument('file')));
    const results = await runBatch(
      call.context,
      { ...plan, ...(concurrency !== undefined && { concurrency }) },
      {
        signal: call.signal,
        deletes: call.flag('delete'),
        onChange: (name, result) =>
          call.output.note(result === undefined ? `${name}: begins` : `${name}: ${stateOf(result)}`),
      },
    );
    if (call.json) await call.output.printJson(results.map(asJson));
    else await printTable(call, results);
    return results.every((result) => stateOf(result) === 'completed') ? 0 : 1;
  },
};

function stateOf({ prompt, error }: BatchResult): string {
  return prompt?.ended?.outcome ?? (error?.code === 'cancelled' ? 'cancelled' : 'error');
}

function asJson(result: BatchResult): object {
  const { name, session, prompt, error } = result;
  return {
    name,
    state: stateOf(result),
    session: session ?? null,
    prompt: prompt ?? null,
    error: error ?? null,
  };
}

async function printTable(call: Call, results: readonly BatchResult[]): Promise<void> {
  const { limitText, moneyText } = await import('../../lazy/sessions.ts');
  const said = ({ prompt, error }: BatchResult): string => {
    if (error !== undefined) return error.message;
    const { ended, turn } = prompt ?? {};
    if (ended?.outcome === 'limit-reached') return limitText(ended.reached);
    return ended?.outcome === 'failed' ? ended.failure.message : (turn?.text ?? '');
  };
  const text = table(
    results,
    [
      { title: 'NAME', cell: ({ name }) => name },
      { title: 'STATE', cell: stateOf },
      { title: 'COST', cell: ({ prompt }) => moneyText(prompt?.turn?.spent.costUsd ?? 0) },
      { title: 'SAID', cell: (result) => shortened(said(result), SHOWN_CHARACTERS) },
    ],
    call.output,
  );
  await call.output.printStyled(text);
}
