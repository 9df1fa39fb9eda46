import type { CommandSpec } from '../../command.ts';
import { giveVerdict } from '../../give-verdict.ts';
import { PEER } from '../../options/common-arguments.ts';

export const block: CommandSpec = {
  name: 'block',
  group: 'Who may reach you',
  summary: 'Refuse everything that a peer sends; it is told',
  details: ['For all seats of yours, or with --as only for that one. trust takes it back.'],
  arguments: [PEER],
  json: '{peer: {id, name}, receiver, verdict}: verdict is blocked; receiver is {id, name}, or null for all seats',
  example: `$ cahoots block app --as lib
app (k3x9qa) is blocked by lib (p0c7zt)`,
  exit: {},
  run: async (call) => await giveVerdict(call, 'blocked'),
};
