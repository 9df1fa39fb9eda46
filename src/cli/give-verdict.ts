import { recordVerdict } from '../client/seats/verdict.ts';
import type { Call } from './command.ts';

/** Records a verdict about the peer that a call names, for the seat of `--as` or for all. */
export async function giveVerdict(call: Call, verdict: 'trusted' | 'blocked'): Promise<void> {
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
