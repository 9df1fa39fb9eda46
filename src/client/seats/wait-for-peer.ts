import { type Peer, resolvePeer } from '../../directory/peers.ts';
import { deferred } from '../../lib/deferred.ts';
import { watchFolders } from '../../lib/folder-watch.ts';
import { baselineOf, lookAtPeer } from '../../mail/peer-events.ts';
import { facadeOf, openRoot, seatFolder } from '../../mailbox/seat-folder.ts';
import { CahootsError } from '../../protocol/errors.ts';
import { asWatchedEvent, WATCHED_EVENTS, type WatchedEvent } from '../../protocol/watched-event.ts';
import { cancelled } from '../cancelled.ts';
import type { ClientContext } from '../client-context.ts';

export interface PeerWait {
  readonly peer: Peer;
  readonly event: WatchedEvent;
  /** Infinity waits until it happens. */
  readonly waitMs: number;
  readonly signal: AbortSignal;
}

/** What a session does shows in its seat's record; a commit shows nowhere but in its project. */
const RESCAN_MS = 500;
/** Longer timers overflow and fire at once. */
const MAX_TIMER_MS = 2 ** 31 - 1;

/** The event that a word names. Throws `usage`. */
export function watchedEvent(word: string): WatchedEvent {
  const event = asWatchedEvent(word);
  if (event !== undefined) return event;
  throw new CahootsError('usage', `"${word.slice(0, 80)}" is nothing that can be waited for.`, {
    remedy: `Use one of: ${WATCHED_EVENTS.join(', ')}.`,
    facts: { got: word },
  });
}

/** The peer that an address means, also without a seat of one's own. Throws `peer-unknown` or `peer-ambiguous`. */
export function resolvePeerOf({ config, clock }: ClientContext, address: string): Peer {
  openRoot(config.root);
  return resolvePeer(config.root, address, clock.now());
}

/**
 * Waits until something happens at a peer, and resolves with a sentence that says what.
 *
 * Rejects with `wait-timeout` when the time is up, and with `cancelled` when the signal aborts.
 */
export async function waitForPeer(
  { config, clock }: ClientContext,
  { peer, event, waitMs, signal }: PeerWait,
): Promise<string> {
  if (signal.aborted) throw cancelled();
  const done = deferred<string>();
  let baseline = baselineOf(peer, event);
  const look = (): void => {
    const found = lookAtPeer({ root: config.root, nowMs: clock.now() }, { peer, event, baseline });
    if (found.kind === 'happened') done.resolve(found.text);
    else baseline = found.baseline;
  };
  const onAbort = (): void => done.reject(cancelled());
  const timeout = (): void => done.reject(timedOut(peer, event, waitMs));
  const folders = [seatFolder(config.root, peer.id).path, facadeOf(config.root, peer.id).path];
  const watch = watchFolders(folders, { onChange: look, rescanMs: RESCAN_MS, pollMs: RESCAN_MS });
  const timer = waitMs > MAX_TIMER_MS ? undefined : setTimeout(timeout, waitMs);
  signal.addEventListener('abort', onAbort, { once: true });
  try {
    look();
    return await done.promise;
  } finally {
    watch.close();
    clearTimeout(timer);
    signal.removeEventListener('abort', onAbort);
  }
}

function timedOut(peer: Peer, event: WatchedEvent, waitMs: number): CahootsError {
  return new CahootsError(
    'wait-timeout',
    `${peer.name} (${peer.id}) was not seen "${event}" within ${waitMs / 1000} s.`,
    { remedy: `See how it is with: cahoots status ${peer.id}`, facts: { peer: peer.id, event, waitMs } },
  );
}
