import { resolve } from 'node:path';
import { CahootsError } from '../../../protocol/errors.ts';
import type { ManagedSessionRecord } from '../../../protocol/managed-session.ts';
import type { Call, CommandSpec } from '../../command.ts';
import { LIMIT_OPTIONS } from '../../options/limit-options.ts';
import { secondsOption } from '../../options/number-options.ts';
import { textOrInput } from '../../options/text-input.ts';
import { shortPath } from '../../text/short-path.ts';
import { usageError } from '../../usage-error.ts';

export const spawn: CommandSpec = {
  name: 'spawn',
  group: 'Managed sessions',
  summary: 'Start a session that cahoots runs in the background',
  details: [
    'It has a seat as any session has, so peers can ask it, and it goes on when this shell is closed. With --prompt it gets its first prompt at once; --wait waits for the result of that.',
    'The preset says what it may do: read-only and review (look, change nothing), edit (the default: change files of its folder, run commands there), plan (look, and say what it would do), full (everything; to be allowed in settings.json first).',
    'A limit that is reached ends the turn at the next step. What has no limit is not limited.',
  ],
  arguments: [{ name: 'name', summary: 'its name: letters, digits and . _ + -' }],
  options: [
    { name: 'prompt', value: 'text', summary: 'its first prompt; - reads standard input' },
    { name: 'command', summary: 'the prompt is a command of the agent, such as /init' },
    { name: 'wait', value: 'seconds', summary: 'with --prompt: how long to wait for the result' },
    { name: 'model', value: 'model', summary: 'the model, as the agent names it' },
    { name: 'preset', value: 'preset', summary: 'read-only, review, edit, full or plan', default: 'edit' },
    { name: 'cwd', value: 'folder', summary: 'the folder that it works in; this one when left out' },
    { name: 'system', value: 'text', summary: 'added to the system prompt of the agent' },
    { name: 'agent', value: 'kind', summary: 'the kind of coding agent', default: 'claude-code' },
    ...LIMIT_OPTIONS,
  ],
  json: '{session, prompt}: the session, and the prompt, or null without --prompt; with --wait the prompt as it was when the wait ended',
  example: `$ cahoots spawn tests --preset edit --max-cost 2 --prompt "Make the tests of src/api pass" --wait 600
tests (t4m1zc) is started in ~/projects/app.
Response from tests:
All 42 tests pass. Two of them expected the old error text.`,
  exit: {
    1: 'it could not be started, or with --wait its turn failed or was interrupted',
    4: 'with --wait: the prompt has not ended in time; the session works on',
    5: 'the preset is not allowed, or with --wait a limit was reached',
  },
  run: async (call) => {
    const text = call.option('prompt');
    const waitMs = secondsOption(call, 'wait');
    if (text === undefined && waitMs !== undefined) {
      throw usageError('--wait waits for the result of a prompt, and there is none.', 'Add --prompt <text>.');
    }
    const command = call.flag('command');
    if (text === undefined && command) {
      throw usageError('--command says what the prompt is, and there is none.', 'Add --prompt <command>.');
    }
    const managed = await import('../../lazy/sessions.ts');
    const preset = managed.presetFrom(call) ?? 'edit';
    const limits = managed.limitsFrom(call);
    const prompt = text === undefined ? undefined : await textOrInput(call, text);
    if (prompt !== undefined) managed.requirePromptText(prompt);
    const { config } = call.context;
    const [cwd, model] = [call.option('cwd'), call.option('model')];
    const [system, agent] = [call.option('system'), call.option('agent')];
    const session = await managed.spawnSession(call.context, {
      name: call.argument('name'),
      cwd: cwd === undefined ? config.projectDir : resolve(call.cwd, cwd),
      preset,
      limits,
      ...(model !== undefined && { model }),
      ...(system !== undefined && { system }),
      ...(agent !== undefined && { agent }),
    });
    if (!call.json) {
      const folder = shortPath(session.cwd, config.env);
      await call.output.print(`${session.name} (${session.id}) is started in ${folder}.`);
    }
    if (prompt === undefined) {
      if (call.json) await call.output.printJson({ session, prompt: null });
      return 0;
    }
    try {
      return await givePrompt(call, { session, text: prompt, command, waitMs });
    } catch (error) {
      // A session that was started for a command which it must not be given is of no use.
      const isRefused = error instanceof CahootsError && error.code.startsWith('command-');
      if (isRefused) await managed.deleteSession(call.context, session.id, { force: true });
      throw error;
    }
  },
};

interface FirstPrompt {
  readonly session: ManagedSessionRecord;
  readonly text: string;
  readonly command: boolean;
  readonly waitMs: number | undefined;
}

async function givePrompt(call: Call, { waitMs, ...given }: FirstPrompt): Promise<number> {
  const managed = await import('../../lazy/sessions.ts');
  const { session, ...wanted } = given;
  if (waitMs !== undefined && !call.json) return await managed.askManaged(call, { ...given, waitMs });
  const { id, ...accepted } = await managed.sendPrompt(call.context, session.id, wanted);
  if (!call.json) {
    call.output.note(`It works on the prompt. Watch it: cahoots watch ${session.name}`);
    return 0;
  }
  const prompt =
    waitMs === undefined
      ? { id, ...accepted }
      : await managed.awaitPrompt(call.context, id, { waitMs, signal: call.signal });
  await call.output.printJson({ session: await managed.sessionStatus(call.context, session.id), prompt });
  return waitMs === undefined ? 0 : managed.outcomeStatus(prompt);
}
