import { closeSync, existsSync, openSync, readdirSync, readSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { CahootsError } from '../../protocol/errors.ts';

/** The host writes what was said some time after it says that a turn is over: 0.1 s on a quiet machine. */
const SETTLED_MS = 250;
/** How long a conversation that is being written to is waited for: what is said after that is not in a copy of it. */
const PATIENCE_MS = 2_000;
/** How long one that is not there may take to appear. */
const APPEARS_MS = 750;
const LOOK_MS = 25;
const HEAD_BYTES = 256 * 1024;

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

/** The folder that a conversation was held in, as its record says. Throws `conversation-unknown`. */
export function conversationFolder(id: string, { env }: { env: Readonly<Record<string, string>> }): string {
  const projects = projectsFolder(env);
  const path = fileOf(projects, id);
  if (path === undefined) throw unknown(id, projects);
  const cwd = /"cwd":("(?:[^"\\]|\\.)*")/.exec(readHead(path))?.[1];
  if (cwd !== undefined) return JSON.parse(cwd) as string;
  throw new CahootsError('conversation-unknown', `${path} does not say in which folder it was held.`, {
    remedy: 'Name the folder.',
    facts: { conversation: id, file: path },
  });
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

/** The beginning of a file: every record says the folder, and some of the first are long. */
function readHead(path: string): string {
  const file = openSync(path, 'r');
  try {
    const head = Buffer.alloc(HEAD_BYTES);
    return head.toString('utf8', 0, readSync(file, head, 0, HEAD_BYTES, 0));
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
