import { deferred } from '../../lib/deferred.ts';
import { watchFolders } from '../../lib/folder-watch.ts';
import { asksFolder, makeAsksFolder } from '../../mailbox/awaited-answers.ts';
import { facadeOf } from '../../mailbox/seat-folder.ts';
import { ignoreStorageFault } from '../../mailbox/storage-fault.ts';
import { cancelled } from '../cancelled.ts';
import type { OpenSeat } from '../seats/open-seat.ts';

export interface MailWait<T> {
  /** Looks for what is waited for; called at once, after every change of the mailbox, and now and then. */
  readonly look: () => T | undefined;
  /** Infinity waits until there is something. */
  readonly waitMs: number;
  readonly signal: AbortSignal;
}

/** File systems that give no events are looked at this often; events are a hint, so the others are looked at too. */
const RESCAN_MS = 2000;
const POLL_MS = 250;
/** Longer timers overflow and fire at once. */
const MAX_TIMER_MS = 2 ** 31 - 1;

/**
 * Waits until `look` finds something in the mail of a seat, and returns it; undefined when the time is up.
 *
 * Costs nothing while nothing changes. Rejects with `cancelled` when the signal aborts, and with what `look` throws.
 */
export async function waitForMail<T>(seat: OpenSeat, wait: MailWait<T>): Promise<T | undefined> {
  if (wait.signal.aborted) throw cancelled();
  const { folder } = seat;
  makeAsksFolder(folder);
  const done = deferred<T | undefined>();
  const look = (): void => {
    if (done.settled) return;
    try {
      const found = wait.look();
      if (found !== undefined) done.resolve(found);
    } catch (error) {
      done.reject(error instanceof Error ? error : new Error(String(error)));
    }
  };
  const onChange = (): void => {
    look();
    // A v1 session that ends may delete the façade; without it v1's answer would have no way in.
    if (!done.settled)
      seat
        .keep()
        .catch(ignoreStorageFault)
        .catch((error: Error) => done.reject(error));
  };
  const onAbort = (): void => done.reject(cancelled());
  const folders = [
    folder.inbox,
    facadeOf(seat.context.config.root, folder.id).inbox,
    folder.receipts,
    asksFolder(folder),
  ];
  const watch = watchFolders(folders, { onChange, rescanMs: RESCAN_MS, pollMs: POLL_MS });
  const timer =
    wait.waitMs > MAX_TIMER_MS ? undefined : setTimeout(() => done.resolve(undefined), wait.waitMs);
  wait.signal.addEventListener('abort', onAbort, { once: true });
  try {
    look();
    return await done.promise;
  } finally {
    watch.close();
    clearTimeout(timer);
    wait.signal.removeEventListener('abort', onAbort);
  }
}
