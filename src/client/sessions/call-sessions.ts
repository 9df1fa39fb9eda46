import type * as z from 'zod/mini';
import { callManaged, daemonAccess } from '../../daemon-link/daemon-access.ts';
import type { DaemonCall } from '../../daemon-link/daemon-client.ts';
import { CahootsError } from '../../protocol/errors.ts';
import { describeIssues } from '../../protocol/issues.ts';
import type { ClientContext } from '../client-context.ts';

/**
 * Makes one call of the daemon, which is started where none runs, and reads the answer by its schema. Rejects with the
 * error that the daemon tells, and with `daemon-version` for an answer that this program does not understand.
 */
export async function callSessions<Schema extends z.ZodMiniType>(
  context: ClientContext,
  answer: Schema,
  call: DaemonCall,
): Promise<z.infer<Schema>> {
  const raw = await callManaged(daemonAccess(context), call);
  const parsed = answer.safeParse(raw);
  if (parsed.success) return parsed.data;
  const reason = describeIssues(parsed.error.issues, { raw, root: 'answer' });
  throw new CahootsError(
    'daemon-version',
    `The daemon’s answer to ${call.path} is not understood: ${reason}.`,
    {
      remedy: 'It may be of another version. End it when its sessions are done: cahoots daemon stop',
      facts: { path: call.path, reason },
    },
  );
}

/** The path of a session’s calls. Throws `session-unknown` for what can be no name: it would lead elsewhere. */
export function sessionPath(address: string, rest = ''): string {
  if (!/^\.{0,2}$/.test(address)) return `/v1/sessions/${encodeURIComponent(address)}${rest}`;
  throw new CahootsError('session-unknown', `There is no managed session ${JSON.stringify(address)}.`, {
    remedy: 'See all: cahoots list',
    facts: { address },
  });
}

/** The words of a query, without those that are undefined; empty when there are none. */
export function queryOf(words: Readonly<Record<string, string | number | undefined>>): string {
  const given = Object.entries(words).flatMap(([name, value]) =>
    value === undefined ? [] : [[name, String(value)] as [string, string]],
  );
  return given.length === 0 ? '' : `?${new URLSearchParams(given).toString()}`;
}
