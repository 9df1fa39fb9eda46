import { findPeer, type Peer } from '../directory/peers.ts';
import { type GitHead, gitHead } from '../lib/git-head.ts';
import type { WatchedEvent } from '../protocol/watched-event.ts';

/** How a peer was when the watch began, or when it was looked at last. */
export interface WatchBaseline {
  /** How many turns its session had ended; undefined for a peer that does not count them. */
  readonly turns: number | undefined;
  readonly wasBusy: boolean;
  readonly head: GitHead | undefined;
}

/** What one look at a watched peer found. */
export type WatchLook =
  | { readonly kind: 'happened'; readonly text: string }
  /** Not yet; go on from this baseline. */
  | { readonly kind: 'waiting'; readonly baseline: WatchBaseline };

/** How a peer is now, to compare with later. */
export function baselineOf(peer: Peer, event: WatchedEvent): WatchBaseline {
  return {
    turns: peer.record?.turns,
    wasBusy: peer.state === 'busy' || peer.state === 'waiting',
    head: event === 'commit' ? gitHead(peer.path) : undefined,
  };
}

/**
 * Looks whether what is watched for has happened at a peer since the baseline. A peer that has ended without it counts
 * as an end too: nothing is waited for in vain.
 */
export function lookAtPeer(
  { root, nowMs }: { readonly root: string; readonly nowMs: number },
  {
    peer: known,
    event,
    baseline,
  }: { peer: Pick<Peer, 'id' | 'name'>; event: WatchedEvent; baseline: WatchBaseline },
): WatchLook {
  const peer = findPeer(root, known.id, nowMs);
  const name = `${peer?.name ?? known.name} (${known.id})`;
  if (peer === undefined || peer.state === 'away')
    return happened(
      event === 'ended' ? `${name} has ended.` : `${name} has ended; ${NOT_YET[event]} before that.`,
    );
  const now = baselineOf(peer, event);
  const isAtRest = peer.state === 'idle' || peer.state === 'listening';
  const wasBusy = baseline.wasBusy || now.wasBusy;
  const waiting: WatchLook = { kind: 'waiting', baseline: { ...baseline, wasBusy } };
  switch (event) {
    case 'ended':
      return waiting;
    case 'idle':
      return isAtRest ? happened(`${name} is idle.`) : waiting;
    case 'done': {
      const counted = now.turns !== undefined && baseline.turns !== undefined;
      const hasEndedTurn = counted ? (now.turns ?? 0) !== (baseline.turns ?? 0) : baseline.wasBusy;
      return isAtRest && hasEndedTurn ? happened(`${name} has ended its turn.`) : waiting;
    }
    case 'commit': {
      const { head } = now;
      // Another branch that is checked out is no new commit.
      if (head?.ref !== baseline.head?.ref && baseline.head !== undefined && head !== undefined)
        return { kind: 'waiting', baseline: { ...baseline, wasBusy, head } };
      if (head === undefined || head.commit === baseline.head?.commit) return waiting;
      const branch = head.ref === undefined ? '' : ` on ${head.ref.replace(/^refs\/heads\//, '')}`;
      return happened(`${name} has a new commit${branch}: ${head.commit.slice(0, 12)}.`);
    }
  }
}

const NOT_YET: Record<WatchedEvent, string> = {
  idle: 'it was not seen idle',
  done: 'no turn of it was seen to end',
  commit: 'no commit was seen',
  ended: '',
};

function happened(text: string): WatchLook {
  return { kind: 'happened', text };
}
