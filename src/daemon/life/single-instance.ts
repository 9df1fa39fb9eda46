import { mkdirSync } from 'node:fs';
import { dirname } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import * as z from 'zod/mini';
import type { DaemonPlace } from '../../config/daemon-place.ts';
import { writeAtomic } from '../../lib/atomic-write.ts';
import { tryWithLock } from '../../lib/file-lock.ts';
import { livenessOf, thisProcess } from '../../lib/process-identity.ts';
import { readUnlessForbidden } from '../../lib/read-regular.ts';
import { removeEntry } from '../../lib/remove-entry.ts';
import { requireOwnFolder } from '../../mailbox/seat-folder.ts';
import { parseJson } from '../../protocol/json.ts';
import { processIdentitySchema } from '../../protocol/seat.ts';

const stateSchema = z.looseObject({ holder: processIdentitySchema, version: z.string() });

const MAX_STATE_BYTES = 64 * 1024;
/** Others that start at the same moment hold the lock for milliseconds. */
const ATTEMPTS = 200;
const BETWEEN_ATTEMPTS_MS = 10;

/** The right to be the daemon of a place. */
export interface DaemonClaim {
  /** Whether this process still is the daemon: false once the place is gone, or another one has taken over. */
  isHeld(): boolean;
  /** Gives it up; what it left is removed. Idempotent. */
  release(): void;
}

/**
 * Becomes the daemon of a place, unless another living process is that: then undefined. Of any number that try at the
 * same moment one does. The folder is made, ours alone; throws `root-not-ours` or `root-link` where it is not.
 *
 * A process of another container cannot be seen: `isAnswering` tells whether it is there.
 */
export async function claimDaemon(
  place: DaemonPlace,
  { version, isAnswering }: { version: string; isAnswering: () => Promise<boolean> },
): Promise<DaemonClaim | undefined> {
  for (const folder of [place.folder, place.socketFolder ?? dirname(place.state)]) {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    requireOwnFolder(folder);
  }
  if (await isAnswering()) return undefined;
  for (let attempt = 0; attempt < ATTEMPTS; attempt += 1) {
    let isOurs = false;
    const isDecided = tryWithLock(place.lock, () => {
      if (isTaken(place)) return;
      writeAtomic(place.state, `${JSON.stringify({ holder: thisProcess(), version }, null, 2)}\n`, {
        flush: false,
      });
      isOurs = true;
    });
    if (isDecided) return isOurs ? claimOf(place) : undefined;
    await setTimeout(BETWEEN_ATTEMPTS_MS);
  }
  return undefined;
}

function claimOf(place: DaemonPlace): DaemonClaim {
  const self = thisProcess();
  const isHeld = (): boolean => {
    const holder = holderOf(place);
    return holder?.pid === self.pid && holder.start === self.start;
  };
  return {
    isHeld,
    release() {
      // Another one may have taken over from us, should we have been taken for dead.
      if (!isHeld()) return;
      if (process.platform !== 'win32') removeEntry(place.socket);
      removeEntry(place.state);
    },
  };
}

/** Whoever did not answer and cannot be seen is taken for dead. */
function isTaken(place: DaemonPlace): boolean {
  const holder = holderOf(place);
  return holder !== undefined && livenessOf(holder) === 'alive';
}

function holderOf({ state }: DaemonPlace) {
  const found = readUnlessForbidden(state, MAX_STATE_BYTES);
  return found.kind === 'text' ? parseJson(found.text, stateSchema)?.holder : undefined;
}
