import { programsOnPath } from '../../config/find-program.ts';
import { compareVersions, versionIn } from '../../lib/versions.ts';
import type { InstallContext } from '../install-context.ts';
import { NODE_FLOOR } from '../install-context.ts';
import { runProgram } from '../run-program.ts';

/** The `node` that a session will find on its PATH, which runs the plugin. */
export type SessionNode =
  | { readonly kind: 'fit' | 'too-old'; readonly path: string; readonly version: string }
  | { readonly kind: 'missing' }
  | { readonly kind: 'broken'; readonly path: string; readonly reason: string };

const TIMEOUT_MS = 10_000;

/** Finds the first `node` on the PATH, as a session started from this shell will, and asks it for its version. */
export async function findSessionNode({ paths, signal }: InstallContext): Promise<SessionNode> {
  const path = programsOnPath('node', paths.env)[0];
  if (path === undefined) return { kind: 'missing' };
  const call = { file: path, args: ['--version'], env: paths.env, cwd: paths.home };
  const result = await runProgram({ ...call, timeoutMs: TIMEOUT_MS, signal });
  const version = result.status === 0 ? versionIn(result.stdout) : undefined;
  if (version === undefined) {
    return { kind: 'broken', path, reason: result.failure ?? `exit status ${result.status}` };
  }
  return { kind: compareVersions(version, NODE_FLOOR) < 0 ? 'too-old' : 'fit', path, version };
}

/** What is wrong with the `node` of the sessions, with what to do; undefined when it fits. */
export function nodeProblem(node: SessionNode): { what: string; remedy: string } | undefined {
  const remedy = `Install Node.js ${NODE_FLOOR.slice(0, 5)} or newer (https://nodejs.org, or: nvm install 24) and see that it comes first on your PATH.`;
  switch (node.kind) {
    case 'fit':
      return undefined;
    case 'missing':
      return { what: 'no node is on the PATH, so the plugin stays off in sessions', remedy };
    case 'too-old':
      return { what: `node on the PATH is ${node.version} (${node.path}), too old for the plugin`, remedy };
    case 'broken':
      return { what: `node on the PATH (${node.path}) does not run: ${node.reason}`, remedy };
  }
}
