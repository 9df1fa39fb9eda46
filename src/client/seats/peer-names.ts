import { findPeer } from '../../directory/peers.ts';
import { isSeatId } from '../../protocol/ids.ts';
import type { ClientContext } from '../client-context.ts';

/** A function that gives the name of a seat, each looked up once; its id when there is no such seat any more. */
export function peerNames({ config, clock }: ClientContext): (id: string) => string {
  const names = new Map<string, string>();
  return (id) => {
    const known = names.get(id);
    if (known !== undefined) return known;
    const name = (isSeatId(id) ? findPeer(config.root, id, clock.now())?.name : undefined) ?? id;
    names.set(id, name);
    return name;
  };
}
