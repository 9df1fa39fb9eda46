import { existsSync, mkdirSync, readdirSync, rmdirSync, statSync, unlinkSync } from 'node:fs';
import { join } from 'node:path';
import { errnoOf, unlessGone } from '../lib/errno.ts';
import { readRegular } from '../lib/read-regular.ts';
import { type MessageId, shardOf } from '../protocol/ids.ts';
import { MAX_MESSAGE_FILE_BYTES } from '../protocol/message.ts';

/**
 * Where a past message lies in `read/`, `outbox/` or `rejected/`. It follows from the id alone, so a second copy of a
 * message is found without a search, and no folder grows with all of history.
 */
export function pastPath(folder: string, id: MessageId): string {
  return join(folder, shardOf(id), `${id}.json`);
}

/** Like {@link pastPath}; makes the folder that the file goes into. */
export function pastPathForWriting(folder: string, id: MessageId): string {
  mkdirSync(join(folder, shardOf(id)), { recursive: true, mode: 0o700 });
  return pastPath(folder, id);
}

/** Whether a message has been handled in that folder. */
export function isPast(folder: string, id: MessageId): boolean {
  return existsSync(pastPath(folder, id));
}

/** The parsed JSON object of a past message's file, or undefined when there is none that can be read. */
export function readPast(folder: string, id: MessageId): unknown {
  const found = readRegular(pastPath(folder, id), MAX_MESSAGE_FILE_BYTES);
  if (found.kind !== 'text') return undefined;
  try {
    return JSON.parse(found.text);
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}

/**
 * Removes past files that were last changed before `olderThanMs` (milliseconds since the epoch) and returns how many.
 *
 * Looks at one shard per call, the one that `turn` falls on, so that the cost of a call does not grow with history.
 */
export function prunePast(
  folder: string,
  { olderThanMs, turn }: { olderThanMs: number; turn: number },
): number {
  const shards = unlessGone(() => readdirSync(folder), []).filter((name) => /^[a-z0-9]{2}$/.test(name));
  const shard = shards[turn % Math.max(1, shards.length)];
  if (shard === undefined) return 0;
  let removed = 0;
  for (const name of unlessGone(() => readdirSync(join(folder, shard)), [])) {
    const path = join(folder, shard, name);
    const modifiedMs = unlessGone(() => statSync(path).mtimeMs, Number.POSITIVE_INFINITY);
    if (modifiedMs >= olderThanMs) continue;
    unlessGone(() => unlinkSync(path), undefined);
    removed += 1;
  }
  if (removed > 0) removeIfEmpty(join(folder, shard));
  return removed;
}

function removeIfEmpty(folder: string): void {
  try {
    rmdirSync(folder);
  } catch (error) {
    const code = errnoOf(error);
    if (code !== 'ENOTEMPTY' && code !== 'EEXIST' && code !== 'ENOENT') throw error;
  }
}
