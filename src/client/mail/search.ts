import * as z from 'zod/mini';
import { callManaged, daemonAccess } from '../../daemon-link/daemon-access.ts';
import { resolvePeer } from '../../directory/peers.ts';
import { CahootsError } from '../../protocol/errors.ts';
import { isSeatId, type SeatId } from '../../protocol/ids.ts';
import {
  type Found,
  type FoundType,
  foundSchema,
  type PurgeCounts,
  purgeCountsSchema,
} from '../../protocol/search.ts';
import type { ClientContext } from '../client-context.ts';

/** What is searched for, and how long that may take. */
export interface SearchRequest {
  readonly words: string;
  /** The name or id of a seat, which need not be there any more. */
  readonly peer?: string | undefined;
  readonly type?: FoundType | undefined;
  readonly sinceMs?: number | undefined;
  readonly untilMs?: number | undefined;
  readonly limit?: number | undefined;
  readonly waitMs?: number | undefined;
  readonly signal: AbortSignal;
}

/**
 * Finds words in all messages, prompts and results, the newest first; starts the daemon where none runs.
 *
 * Rejects with `usage` for words that are none, `peer-unknown`, `peer-ambiguous`, with `wait-timeout` while the index is
 * still being made, `cancelled`, or an error of the daemon.
 */
export async function searchAll(
  context: ClientContext,
  { peer, signal, ...request }: SearchRequest,
): Promise<readonly Found[]> {
  const body = { ...request, peer: seatOf(context, peer) };
  const answer = await callManaged(daemonAccess(context), {
    method: 'POST',
    path: '/v1/search',
    body,
    signal,
  });
  return z.array(foundSchema).parse(answer);
}

/** What is erased. */
export interface PurgeRequest {
  /** The name or id of a seat, which need not be there any more. */
  readonly peer?: string | undefined;
  readonly olderThanMs?: number | undefined;
  /** Only count it. */
  readonly dryRun: boolean;
  readonly signal: AbortSignal;
}

/**
 * Erases handled messages and prompts for good, or only counts them; starts the daemon where none runs.
 *
 * Rejects with `peer-unknown`, `peer-ambiguous`, `cancelled` (what was begun goes on), or an error of the daemon.
 */
export async function purgeAll(
  context: ClientContext,
  { peer, olderThanMs, dryRun, signal }: PurgeRequest,
): Promise<PurgeCounts> {
  const body = { peer: seatOf(context, peer), olderThanMs, dryRun };
  const answer = await callManaged(daemonAccess(context), {
    method: 'POST',
    path: '/v1/purge',
    body,
    signal,
  });
  return purgeCountsSchema.parse(answer);
}

/** A seat that was removed has left messages with others, and only its id. */
function seatOf({ config, clock }: ClientContext, address: string | undefined): SeatId | undefined {
  if (address === undefined) return undefined;
  try {
    return resolvePeer(config.root, address, clock.now()).id;
  } catch (error) {
    if (isSeatId(address) && error instanceof CahootsError && error.code === 'peer-unknown') return address;
    throw error;
  }
}
