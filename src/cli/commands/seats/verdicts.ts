import { recordVerdict } from '../../../client/seats/verdict.ts';
import type { Call, CommandSpec } from '../../command.ts';
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

/** Records a verdict about the peer that a call names, for the seat of `--as` or for all. */
async function giveVerdict(call: Call, verdict: 'trusted' | 'blocked'): Promise<void> {
  const { peer, receiver } = recordVerdict(call.context, {
    peer: call.argument('peer'),
    receiver: call.as,
    verdict,
  });
  if (call.json) {
    await call.output.printJson({ peer, receiver: receiver ?? null, verdict });
    return;
  }
  const whom = receiver === undefined ? 'all seats' : `${receiver.name} (${receiver.id})`;
  await call.output.print(`${peer.name} (${peer.id}) is ${verdict} by ${whom}`);
}
