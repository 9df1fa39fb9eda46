import { existsSync, lstatSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import * as z from 'zod/mini';
import { errnoOf, unlessGone } from '../lib/errno.ts';
import { readUnlessForbidden } from '../lib/read-regular.ts';
import { type MessageId, shardOf } from '../protocol/ids.ts';
import { parseJson } from '../protocol/json.ts';
import { MAX_MESSAGE_FILE_BYTES } from '../protocol/message.ts';
import { isOwnFolder, makeFolder, requireOwnFolder } from './seat-folder.ts';

/** The shard of `rejected/` for what is no valid message: its file name may be anything. */
export const INVALID_SHARD = 'invalid';

/** A message, and what became of it. */
const MAX_PAST_BYTES = 2 * MAX_MESSAGE_FILE_BYTES;

const anything = z.unknown();

/**
 * Where a past message lies in `read/`, `outbox/` or `rejected/`. It follows from the id alone, so a second copy of a
 * message is found without a search, and no folder grows with all of history.
 */
export function pastPath(folder: string, id: MessageId): string {
  return join(folder, shardOf(id), `${id}.json`);
}

/** Like {@link pastPath}; makes the folder that the file goes into. Throws `root-link` when that is a link. */
export function pastPathForWriting(folder: string, id: MessageId): string {
  requireOwnFolder(folder);
  makeFolder(join(folder, shardOf(id)));
  return pastPath(folder, id);
}

/** Whether a message has been handled in that folder. */
export function isPast(folder: string, id: MessageId): boolean {
  return existsSync(pastPath(folder, id));
}

/** The parsed JSON object of a past message's file, or undefined when there is none that can be read. */
export function readPast(folder: string, id: MessageId): unknown {
  const found = readUnlessForbidden(pastPath(folder, id), MAX_PAST_BYTES);
  if (found.kind !== 'text') return undefined;
  return parseJson(found.text, anything);
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
  const shards = unlessGone(() => readdirSync(folder), []).filter(isShard);
  const shard = shards[turn % Math.max(1, shards.length)];
  if (shard === undefined || !isOwnFolder(join(folder, shard))) return 0;
  let removed = 0;
  for (const name of unlessGone(() => readdirSync(join(folder, shard)), [])) {
    const path = join(folder, shard, name);
    const modifiedMs = unlessGone(() => lstatSync(path).mtimeMs, Number.POSITIVE_INFINITY);
    if (modifiedMs < olderThanMs && tryRemove(path)) removed += 1;
  }
  // The shard itself stays although it may be empty: somebody may be about to write into it.
  return removed;
}

function isShard(name: string): boolean {
  return /^[a-z0-9]$/.test(name) || name === INVALID_SHARD;
}

function tryRemove(path: string): boolean {
  try {
    rmSync(path, { recursive: true, force: true });
    return true;
  } catch (error) {
    if (errnoOf(error) === undefined) throw error;
    return false;
  }
}
