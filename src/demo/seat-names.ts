import { existsSync } from 'node:fs';
import { listPeers } from '../directory/peers.ts';
import { waitFor } from '../testing/index.ts';

/** The names of two sessions' seats by id, once their attendants have published how they are reached. */
export async function seatNames(root: string, timeoutMs: number): Promise<Map<string, string>> {
  const find = (): Map<string, string> => {
    const peers = existsSync(root) ? listPeers(root, Date.now()) : [];
    return new Map(
      peers.flatMap(({ id, name, record }) =>
        record?.deliveryPath === undefined ? [] : [[id, name] as const],
      ),
    );
  };
  await waitFor(() => find().size === 2, { what: 'a seat for each session', timeoutMs });
  return find();
}
