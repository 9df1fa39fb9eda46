import { openOwnSeat } from '../../../client/seats/open-seat.ts';
import { setAttention } from '../../../client/seats/start-seat.ts';
import type { Attention } from '../../../protocol/seat.ts';
import type { CommandSpec } from '../../command.ts';

const LEVELS: readonly Attention[] = ['open', 'quiet', 'closed'];

export const attention: CommandSpec = {
  name: 'attention',
  group: 'Who may reach you',
  summary: 'Set what may reach the session on the own seat, or on the one that --as names',
  details: [
    'open: questions wake it. quiet: only answers to its own questions wake it, the rest comes with its next step. closed: what others send of their own accord is held.',
  ],
  arguments: [{ name: 'level', summary: 'how much may reach it', choices: LEVELS }],
  json: '{id, name, attention}',
  example: `$ cahoots attention quiet --as lib
lib (p0c7zt) is quiet`,
  exit: { 1: 'this folder has no mailbox' },
  run: async (call) => {
    const level = LEVELS.find((known) => known === call.argument('level')) ?? 'open';
    const seat = await openOwnSeat(call.context, { address: call.as, use: 'speak' });
    await setAttention(seat, level);
    const { id } = seat.folder;
    const { name } = seat.record;
    if (call.json) await call.output.printJson({ id, name, attention: level });
    else await call.output.print(`${name} (${id}) is ${level}`);
  },
};
