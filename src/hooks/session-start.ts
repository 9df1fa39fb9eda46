import { mkdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { wakeFilesOf } from '../agents/claude-code/live/host-session.ts';
import { removeEndedWakeFolders } from '../agents/claude-code/live/wake-folders.ts';
import { resolveConfig } from '../config/config.ts';
import type { Environment } from '../config/trusted-environment.ts';
import { writeAtomic } from '../lib/atomic-write.ts';
import { unlessGone } from '../lib/errno.ts';
import { identityOf, type ProcessIdentity, parentOf } from '../lib/process-identity.ts';
import { readRegular } from '../lib/read-regular.ts';

export interface SessionStartInput {
  readonly env: Environment;
  readonly cwd: string;
  readonly parentPid: number;
}

/** How far above the hook its `claude` may be: the host runs hooks through one shell, some systems through two. */
const MAX_GENERATIONS = 4;
const MAX_REGISTRY_BYTES = 1024 * 1024;

/**
 * What the session's start hook answers: the file to watch, so that a `FileChanged` hook can wake the session.
 *
 * Only for a session that a person opened: in a one-shot `claude -p` such a hook would run before its end. Everywhere
 * else, and where the session's process cannot be told, it answers nothing, which costs the session nothing.
 */
export function sessionStart(input: SessionStartInput): string {
  if (input.env['CLAUDE_CODE_ENTRYPOINT'] !== 'cli' || input.env['CAHOOTS_MANAGED'] !== undefined)
    return '{}';
  const config = resolveConfig(input);
  const claude = findClaude(join(config.claudeConfigDir, 'sessions'), input);
  if (claude === undefined) return '{}';
  removeEndedWakeFolders(config.root, Date.now());
  const files = wakeFilesOf(config.root, claude);
  // The folder must exist before the answer is given: the host never begins to watch a missing one.
  mkdirSync(dirname(files.trigger), { recursive: true, mode: 0o700 });
  writeAtomic(files.trigger, '', { flush: false });
  writeAtomic(files.armed, '', { flush: false });
  return JSON.stringify({
    hookSpecificOutput: { hookEventName: 'SessionStart', watchPaths: [files.trigger] },
  });
}

/** The nearest process above the hook that stands in Claude Code's registry of running sessions. */
function findClaude(registry: string, { env, parentPid }: SessionStartInput): ProcessIdentity | undefined {
  const named = Number(env['CLAUDE_PID']);
  if (Number.isInteger(named) && isRegistered(registry, named)) return identityOf(named);
  let pid: number | undefined = parentPid;
  for (let generation = 0; generation < MAX_GENERATIONS && pid !== undefined && pid > 1; generation += 1) {
    if (isRegistered(registry, pid)) return identityOf(pid);
    pid = parentOf(pid);
  }
  return undefined;
}

function isRegistered(registry: string, pid: number): boolean {
  return unlessGone(
    () => readRegular(join(registry, `${pid}.json`), MAX_REGISTRY_BYTES).kind === 'text',
    false,
  );
}
