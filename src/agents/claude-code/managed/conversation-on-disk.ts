import { closeSync, existsSync, fstatSync, openSync, readdirSync, readSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import * as z from 'zod/mini';
import { CahootsError } from '../../../protocol/errors.ts';
import { parseJson } from '../../../protocol/json.ts';
import type { PastConversation } from '../../agent.ts';

/** The host writes what was said some time after it says that a turn is over: 0.1 s on a quiet machine. */
const SETTLED_MS = 250;
/** How long a conversation that is being written to is waited for: what is said after that is not in a copy of it. */
const PATIENCE_MS = 2_000;
/** How long one that is not there may take to appear. */
const APPEARS_MS = 750;
const LOOK_MS = 25;
const HEAD_BYTES = 256 * 1024;
const TAIL_BYTES = 1024 * 1024;
/** English and code; the record has more around each text than the model is sent. */
const BYTES_PER_TOKEN = 4;

const count = z.number();
const recordSchema = z.looseObject({
  message: z.looseObject({
    usage: z.optional(
      z.looseObject({
        input_tokens: count,
        output_tokens: z.optional(count),
        cache_creation_input_tokens: z.optional(count),
        cache_read_input_tokens: z.optional(count),
      }),
    ),
  }),
});

/**
 * Resolves once the host's record of a conversation holds what was said before. Rejects with `conversation-unknown` when
 * there is no such conversation.
 *
 * The host keeps a conversation as `projects/<folder>/<id>.jsonl` of its configuration.
 */
export async function conversationOnDisk(
  id: string,
  { env }: { env: Readonly<Record<string, string>> },
): Promise<void> {
  const folder = projectsFolder(env);
  const startedAt = performance.now();
  for (;;) {
    const waitedMs = performance.now() - startedAt;
    const quietMs = quietForMs(folder, id);
    if (quietMs === undefined && waitedMs >= APPEARS_MS) break;
    if (quietMs !== undefined && (quietMs >= SETTLED_MS || waitedMs >= PATIENCE_MS)) return;
    await setTimeout(LOOK_MS);
  }
  throw unknown(id, folder);
}

/** What the record of a conversation says of it. Throws `conversation-unknown`. */
export function readPastConversation(
  id: string,
  { env }: { env: Readonly<Record<string, string>> },
): PastConversation {
  const projects = projectsFolder(env);
  const path = fileOf(projects, id);
  if (path === undefined) throw unknown(id, projects);
  const cwd = /"cwd":("(?:[^"\\]|\\.)*")/.exec(readPart(path, { from: 'beginning', bytes: HEAD_BYTES }))?.[1];
  if (cwd !== undefined) return { cwd: JSON.parse(cwd) as string, contextTokens: contextTokensOf(path) };
  throw new CahootsError('conversation-unknown', `${path} does not say in which folder it was held.`, {
    remedy: 'Name the folder.',
    facts: { conversation: id, file: path },
  });
}

/** What the last request of the conversation sent and got; a quarter of the record's size where none tells. */
function contextTokensOf(path: string): number {
  const lines = readPart(path, { from: 'end', bytes: TAIL_BYTES }).split('\n').reverse();
  for (const line of lines) {
    if (!line.includes('"usage"') || line.includes('"isSidechain":true')) continue;
    const usage = parseJson(line, recordSchema)?.message.usage;
    if (usage === undefined) continue;
    return (
      usage.input_tokens +
      (usage.cache_creation_input_tokens ?? 0) +
      (usage.cache_read_input_tokens ?? 0) +
      (usage.output_tokens ?? 0)
    );
  }
  return Math.ceil(statSync(path).size / BYTES_PER_TOKEN);
}

function projectsFolder(env: Readonly<Record<string, string>>): string {
  return join(env['CLAUDE_CONFIG_DIR'] ?? join(env['HOME'] ?? '', '.claude'), 'projects');
}

function unknown(id: string, folder: string): CahootsError {
  return new CahootsError('conversation-unknown', `Claude Code has no conversation ${id} in ${folder}.`, {
    remedy: 'Name one that is there, or begin a new one.',
    facts: { conversation: id, folder },
  });
}

/** A part of a file; the record of a long conversation is not read whole. */
function readPart(path: string, { from, bytes }: { from: 'beginning' | 'end'; bytes: number }): string {
  const file = openSync(path, 'r');
  try {
    const start = from === 'beginning' ? 0 : Math.max(0, fstatSync(file).size - bytes);
    const part = Buffer.alloc(bytes);
    return part.toString('utf8', 0, readSync(file, part, 0, bytes, start));
  } finally {
    closeSync(file);
  }
}

/** The record of a conversation; an id that is no plain name has none. */
function fileOf(folder: string, id: string): string | undefined {
  const projects = /^[\w-]+$/.test(id) && existsSync(folder) ? readdirSync(folder) : [];
  return projects.map((project) => join(folder, project, `${id}.jsonl`)).find((path) => existsSync(path));
}

/** How long ago the record was written to; undefined when there is none. */
function quietForMs(folder: string, id: string): number | undefined {
  const path = fileOf(folder, id);
  const found = path === undefined ? undefined : statSync(path, { throwIfNoEntry: false });
  return found === undefined ? undefined : Date.now() - found.mtimeMs;
}
