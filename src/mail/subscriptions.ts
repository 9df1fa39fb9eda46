import { readdirSync, unlinkSync } from 'node:fs';
import { join } from 'node:path';
import * as z from 'zod/mini';
import type { Peer } from '../directory/peers.ts';
import { writeAtomic } from '../lib/atomic-write.ts';
import type { Clock } from '../lib/clock.ts';
import { unlessGone } from '../lib/errno.ts';
import { readRegular } from '../lib/read-regular.ts';
import { leaveNotice } from '../mailbox/own-notice.ts';
import { makeFolder, type SeatFolder } from '../mailbox/seat-folder.ts';
import { storing } from '../mailbox/storage-error.ts';
import { CahootsError } from '../protocol/errors.ts';
import { isMessageId, isSeatId, type MessageId, newMessageId, type SeatId } from '../protocol/ids.ts';
import { parseJson } from '../protocol/json.ts';
import { WATCHED_EVENTS, type WatchedEvent } from '../protocol/watched-event.ts';
import { baselineOf, lookAtPeer } from './peer-events.ts';

/** More than anybody keeps an overview of. */
const MAX_WATCHES = 20;
const MAX_FILE_BYTES = 16 * 1024;

const watchSchema = z.looseObject({
  peer: z.custom<SeatId>(isSeatId, { error: 'expected a seat id' }),
  name: z.string(),
  event: z.enum(WATCHED_EVENTS),
  sinceMs: z.number(),
  turns: z.optional(z.number()),
  wasBusy: z._default(z.boolean(), false),
  head: z.optional(z.object({ ref: z.optional(z.string()), commit: z.string() })),
  /** What happened, once it has. */
  outcome: z.optional(z.string()),
});
type Watch = z.infer<typeof watchSchema>;

export interface WatchContext {
  readonly root: string;
  readonly clock: Clock;
  readonly folder: SeatFolder;
  /** After this long a watch ends with the word that nothing has happened. */
  readonly expiresAfterMs: number;
}

/**
 * Remembers that a seat wants to be told, once, when something happens at a peer. It survives restarts; looking for it is
 * {@link lookAtWatches}. Throws `message-refused` when the seat watches for too much already, or a storage error.
 */
export function watchFor({ clock, folder }: WatchContext, peer: Peer, event: WatchedEvent): void {
  const files = watchFiles(folder);
  if (files.length >= MAX_WATCHES) {
    throw new CahootsError('message-refused', `This seat watches for ${files.length} things already.`, {
      remedy: `At most ${MAX_WATCHES} are kept; wait until some of them have happened.`,
    });
  }
  const { turns, wasBusy, head } = baselineOf(peer, event);
  storing('The watch could not be kept', () => {
    makeFolder(watchesFolder(folder));
    write(folder, newMessageId(), {
      peer: peer.id,
      name: peer.name,
      event,
      sinceMs: clock.now(),
      wasBusy,
      ...(turns === undefined ? {} : { turns }),
      ...(head === undefined
        ? {}
        : { head: { commit: head.commit, ...(head.ref === undefined ? {} : { ref: head.ref }) } }),
    });
  });
}

/** Looks at what a seat watches for, and leaves a notice in its mailbox for what has happened. Costs one look at a folder when there is nothing. */
export function lookAtWatches(context: WatchContext): void {
  const { root, clock, folder, expiresAfterMs } = context;
  const nowMs = clock.now();
  for (const id of watchFiles(folder)) {
    const watch = read(folder, id);
    if (watch === undefined) {
      remove(folder, id);
      continue;
    }
    if (watch.outcome !== undefined) {
      // The notice needs it for as long as it waits; afterwards nobody does.
      if (nowMs - watch.sinceMs > 2 * expiresAfterMs) remove(folder, id);
      else tell(context, id, watch.outcome);
      continue;
    }
    const { peer, name, event, turns, wasBusy, head } = watch;
    const baseline = {
      turns,
      wasBusy,
      head: head === undefined ? undefined : { ref: head.ref, commit: head.commit },
    };
    const look = lookAtPeer({ root, nowMs }, { peer: { id: peer, name }, event, baseline });
    const isOver = nowMs - watch.sinceMs > expiresAfterMs;
    if (look.kind === 'happened') settle(context, id, { watch, text: look.text });
    else if (isOver)
      settle(context, id, { watch, text: `${name} (${peer}): "${event}" was not seen in all this time.` });
    else if (look.baseline.wasBusy !== wasBusy || look.baseline.head?.ref !== head?.ref)
      write(folder, id, { ...watch, wasBusy: look.baseline.wasBusy, ...headOf(look.baseline.head) });
  }
}

/** What a notice of a watch may tell the session, by this seat's own record of it. */
export function watchOutcome(folder: SeatFolder, watch: unknown): string | undefined {
  return isMessageId(watch) ? read(folder, watch)?.outcome : undefined;
}

function settle(context: WatchContext, id: MessageId, { watch, text }: { watch: Watch; text: string }): void {
  const outcome = `You asked to be told when ${watch.name} is "${watch.event}": ${text}`;
  // The record first: the notice is believed because of it.
  write(context.folder, id, { ...watch, outcome });
  tell(context, id, outcome);
}

function tell({ clock, folder }: WatchContext, id: MessageId, outcome: string): void {
  leaveNotice(clock, folder, {
    reason: `watch ${id}`,
    content: outcome,
    about: null,
    metadata: { watch: id },
  });
}

function headOf(head: { ref: string | undefined; commit: string } | undefined): Pick<Watch, 'head'> {
  if (head === undefined) return {};
  return { head: { commit: head.commit, ...(head.ref === undefined ? {} : { ref: head.ref }) } };
}

function watchesFolder(folder: SeatFolder): string {
  return join(folder.path, 'watches');
}

function watchFiles(folder: SeatFolder): MessageId[] {
  return unlessGone(() => readdirSync(watchesFolder(folder)), [])
    .map((name) => name.slice(0, -'.json'.length))
    .filter(isMessageId);
}

function read(folder: SeatFolder, id: MessageId): Watch | undefined {
  const found = readRegular(join(watchesFolder(folder), `${id}.json`), MAX_FILE_BYTES);
  return found.kind === 'text' ? parseJson(found.text, watchSchema) : undefined;
}

function write(folder: SeatFolder, id: MessageId, watch: Watch): void {
  storing('The watch could not be kept', () =>
    writeAtomic(join(watchesFolder(folder), `${id}.json`), `${JSON.stringify(watch)}\n`, { flush: false }),
  );
}

function remove(folder: SeatFolder, id: MessageId): void {
  unlessGone(() => unlinkSync(join(watchesFolder(folder), `${id}.json`)), undefined);
}
