import { resolve } from 'node:path';
import type { Call, CommandSpec } from '../../command.ts';
import { usageError } from '../../usage-error.ts';
import { steer } from './steer.ts';

const CONVERSATION = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

export const resume: CommandSpec = {
  name: 'resume',
  group: 'Managed sessions',
  summary: 'Let a managed session go on, or take up a past conversation as one',
  details: [
    'A paused session takes prompts again; one that is stopped, failed or interrupted is started again in its conversation. The id of any conversation that Claude Code has kept makes a managed session of it, in the folder that it was held in. One that is open in another session goes on there: begin with a copy of it (--fork).',
  ],
  arguments: [{ name: 'session', summary: 'a managed session, or the id of a conversation (a UUID)' }],
  options: [
    { name: 'fork', summary: 'begin with a copy of the conversation, and leave it as it is' },
    { name: 'name', value: 'name', summary: 'of the session that a conversation or copy gets' },
    { name: 'preset', value: 'preset', summary: 'of a conversation: read-only, review, edit, full or plan' },
    { name: 'model', value: 'model', summary: 'of a conversation: the model' },
    { name: 'cwd', value: 'folder', summary: 'of a conversation: another folder than its own' },
  ],
  json: 'the session',
  example: `$ cahoots resume 0b6f5a52-6a0e-4d0c-9a43-1f6d1f6c2f4e --name refactoring --preset read-only
refactoring (m2x8qe) is idle.`,
  exit: { 1: 'the session runs and is not paused', 5: 'the conversation goes on in another session' },
  run: async (call) =>
    await steer(call, async (managed, address) => {
      const { context } = call;
      const isFork = call.flag('fork');
      const known = CONVERSATION.test(address)
        ? (await managed.listSessions(context)).find(({ conversation }) => conversation === address)
        : await managed.sessionStatus(context, address);
      if (known === undefined) return await takeUp(call, managed, { conversation: address, fork: isFork });
      refuseOptions(call, isFork ? ['preset', 'model', 'cwd'] : ['name', 'preset', 'model', 'cwd']);
      if (!isFork) return await managed.resumeSession(context, known.id);
      return await managed.forkSession(context, known.id, {
        name: call.option('name') ?? `${known.name}-fork`,
      });
    }),
};

type Managed = Parameters<Parameters<typeof steer>[1]>[0];

async function takeUp(
  call: Call,
  managed: Managed,
  { conversation, fork }: { conversation: string; fork: boolean },
): ReturnType<Managed['resumeConversation']> {
  const [preset, model] = [managed.presetFrom(call), call.option('model')];
  const cwd = call.option('cwd');
  return await managed.resumeConversation(call.context, {
    conversation,
    fork,
    name: call.option('name') ?? `resumed-${conversation.slice(0, 8)}`,
    ...(preset !== undefined && { preset }),
    ...(model !== undefined && { model }),
    ...(cwd !== undefined && { cwd: resolve(call.cwd, cwd) }),
  });
}

function refuseOptions(call: Call, names: readonly string[]): void {
  const given = names.find((name) => call.option(name) !== undefined);
  if (given === undefined) return;
  throw usageError(
    `--${given} is for a conversation that no managed session has.`,
    'A managed session goes on as it was. Change its model with: cahoots model',
  );
}
