import { join } from 'node:path';
import { listPeers } from '../../directory/peers.ts';
import { writeSeatRecord } from '../../directory/seat-record.ts';
import { freshRecord } from '../../directory/take-seat.ts';
import { deferred } from '../../lib/deferred.ts';
import { watchFolders } from '../../lib/folder-watch.ts';
import { livenessOf, thisProcess } from '../../lib/process-identity.ts';
import { Inbox } from '../../mailbox/inbox.ts';
import { post } from '../../mailbox/post.ts';
import { createSeatFolder, isThere, type SeatFolder, seatFolder } from '../../mailbox/seat-folder.ts';
import { CahootsError } from '../../protocol/errors.ts';
import { type MessageId, newSeatId, type SeatId } from '../../protocol/ids.ts';
import type { InstallContext } from '../install-context.ts';
import { eraseSeat } from '../uninstall/erase-seat.ts';

/** What became of the ping to one seat: how long its answer took, or why there is none. */
export type PingResult =
  | { readonly kind: 'answered'; readonly tookMs: number }
  | { readonly kind: 'silent' }
  | { readonly kind: 'failed'; readonly reason: string };

const NAME = 'doctor';
const POLL_MS = 100;
const HOUR_MS = 60 * 60 * 1000;

/**
 * Pings the attendants of live seats, all at once, and waits up to `timeoutMs` for their answers. No model is asked.
 *
 * The pings come from a seat of their own that is there only meanwhile.
 */
export async function pingSeats(
  context: InstallContext,
  seats: readonly SeatId[],
  { timeoutMs }: { timeoutMs: number },
): Promise<Map<SeatId, PingResult>> {
  if (seats.length === 0) return new Map();
  const { paths, signal } = context;
  removeEarlierOnes(context);
  const folder = makeSeat(context);
  try {
    return await new Round(context, folder).run(seats, { timeoutMs, signal });
  } finally {
    eraseSeat(paths.root, folder);
  }
}

class Round {
  readonly #context: InstallContext;
  readonly #folder: SeatFolder;
  readonly #results = new Map<SeatId, PingResult>();
  readonly #sent = new Map<MessageId, { readonly to: SeatId; readonly atMs: number }>();

  constructor(context: InstallContext, folder: SeatFolder) {
    this.#context = context;
    this.#folder = folder;
  }

  async run(
    seats: readonly SeatId[],
    { timeoutMs, signal }: { timeoutMs: number; signal: AbortSignal },
  ): Promise<Map<SeatId, PingResult>> {
    const done = deferred<void>();
    const inbox = this.#inbox();
    const look = (): void => {
      this.#takeAnswers(inbox);
      if (this.#sent.size === 0) done.resolve();
    };
    const watch = watchFolders([this.#folder.inbox], { onChange: look, rescanMs: POLL_MS, pollMs: POLL_MS });
    const timer = setTimeout(() => done.resolve(), timeoutMs);
    const onAbort = (): void => done.resolve();
    signal.addEventListener('abort', onAbort, { once: true });
    try {
      for (const seat of seats) this.#ping(seat);
      look();
      if (!signal.aborted) await done.promise;
    } finally {
      clearTimeout(timer);
      watch.close();
      signal.removeEventListener('abort', onAbort);
    }
    for (const { to } of this.#sent.values()) this.#results.set(to, { kind: 'silent' });
    return this.#results;
  }

  #ping(to: SeatId): void {
    const { paths, clock } = this.#context;
    try {
      const atMs = performance.now();
      const draft = {
        to,
        type: 'ping',
        content: 'doctor',
        metadata: { fromProject: NAME, fromName: NAME },
      } as const;
      const { id } = post({ root: paths.root, clock }, this.#folder, draft);
      this.#sent.set(id, { to, atMs });
    } catch (error) {
      if (!(error instanceof CahootsError)) throw error;
      this.#results.set(to, { kind: 'failed', reason: error.message });
    }
  }

  #takeAnswers(inbox: Inbox): void {
    for (const { inReplyTo } of inbox.pending()) {
      const ping = inReplyTo === null ? undefined : this.#sent.get(inReplyTo);
      if (inReplyTo === null || ping === undefined) continue;
      this.#sent.delete(inReplyTo);
      this.#results.set(ping.to, { kind: 'answered', tookMs: performance.now() - ping.atMs });
    }
  }

  #inbox(): Inbox {
    const { paths, clock } = this.#context;
    const owner = { process: thisProcess(), generation: 0 };
    return new Inbox({ root: paths.root, folder: this.#folder, clock, owner, expiresAfterMs: HOUR_MS });
  }
}

function makeSeat({ paths: { root }, clock, version }: InstallContext): SeatFolder {
  let id = newSeatId();
  while (isThere(seatFolder(root, id).path)) id = newSeatId();
  const folder = createSeatFolder(root, id);
  // A project folder that nobody works in: no command may take this seat for its own.
  const request = { clock, version, projectPath: join(root, NAME) };
  const record = freshRecord(request, id, { name: NAME, kind: 'shell' });
  writeSeatRecord(folder, { ...record, ephemeral: true, holder: thisProcess() });
  return folder;
}

/** A doctor that was killed leaves its seat. */
function removeEarlierOnes({ paths: { root }, clock }: InstallContext): void {
  for (const { id, record } of listPeers(root, clock.now())) {
    const isOurs =
      record?.ephemeral === true && record.kind === 'shell' && record.projectPath === join(root, NAME);
    if (isOurs && record.holder && livenessOf(record.holder) === 'dead')
      eraseSeat(root, seatFolder(root, id));
  }
}
