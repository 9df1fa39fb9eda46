import type { CommandSpec } from '../../command.ts';
import { giveVerdict } from '../../give-verdict.ts';
import { PEER } from '../../options/common-arguments.ts';

export const trust: CommandSpec = {
  name: 'trust',
  group: 'Who may reach you',
  summary: 'Let everything that a peer sends through to your sessions',
  details: [
    'For all seats of yours, or with --as only for that one. What is held of the peer goes through as well.',
  ],
  arguments: [PEER],
  json: '{peer: {id, name}, receiver, verdict}: verdict is trusted; receiver is {id, name}, or null for all seats',
  example: `$ cahoots trust app
app (k3x9qa) is trusted by all seats`,
  exit: {},
  run: async (call) => await giveVerdict(call, 'trusted'),
};
