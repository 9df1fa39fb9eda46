import { existsSync, readdirSync, statSync } from 'node:fs';
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
  const folder = join(env['CLAUDE_CONFIG_DIR'] ?? join(env['HOME'] ?? '', '.claude'), 'projects');
  const startedAt = performance.now();
  for (;;) {
    const waitedMs = performance.now() - startedAt;
    const quietMs = quietForMs(folder, id);
    if (quietMs === undefined && waitedMs >= APPEARS_MS) break;
    if (quietMs !== undefined && (quietMs >= SETTLED_MS || waitedMs >= PATIENCE_MS)) return;
    await setTimeout(LOOK_MS);
  }
  throw new CahootsError('conversation-unknown', `Claude Code has no conversation ${id} in ${folder}.`, {
    remedy: 'Name one that is there, or begin a new one.',
    facts: { conversation: id, folder },
  });
}

/** How long ago the record was written to; undefined when there is none. */
function quietForMs(folder: string, id: string): number | undefined {
  const projects = existsSync(folder) ? readdirSync(folder) : [];
  for (const project of projects) {
    const found = statSync(join(folder, project, `${id}.jsonl`), { throwIfNoEntry: false });
    if (found !== undefined) return Date.now() - found.mtimeMs;
  }
  return undefined;
}
