import type { SeatId } from '../../protocol/ids.ts';

/** What is to be erased. */
export interface PurgeFilter {
  /** Only what this peer sent or received. */
  readonly peer?: SeatId;
  /** Only what is older. */
  readonly beforeMs?: number;
}

/** Whether something of that time, between these two, is to be erased. */
export function isMeant(
  { peer, beforeMs }: PurgeFilter,
  { from, to, atMs }: { from: string; to: string; atMs: number | undefined },
): boolean {
  if (peer !== undefined && from !== peer && to !== peer) return false;
  return beforeMs === undefined || (atMs !== undefined && atMs < beforeMs);
}
