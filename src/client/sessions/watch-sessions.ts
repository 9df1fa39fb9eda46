import { daemonAccess } from '../../daemon-link/daemon-access.ts';
import { ensureDaemon } from '../../daemon-link/daemon-client.ts';
import { eventStream } from '../../daemon-link/event-stream.ts';
import { CahootsError } from '../../protocol/errors.ts';
import type { ManagedSessionRecord } from '../../protocol/managed-session.ts';
import { sessionEventSchema, type WatchedSessionEvent } from '../../protocol/session-event.ts';
import type { ClientContext } from '../client-context.ts';
import { queryOf } from './call-sessions.ts';
import { promptHistory } from './prompts.ts';
import { listSessions, sessionStatus } from './sessions.ts';

export interface SessionWatch {
  /** One session, by its id or name; all where left out. */
  readonly session?: string | undefined;
  readonly signal: AbortSignal;
}

/** How many of the newest prompts the one that runs is looked for among. */
const RECENT_PROMPTS = 100;

/**
 * What happens in one session, or in all. First comes how things stand: a `session:changed` for the session, or for each
 * one that has a process, and a `prompt:changed` for each prompt that is worked on.
 *
 * Ends when the signal aborts. Rejects with `session-unknown`, and with `closed` when the daemon goes away or lets go of a
 * reader that lags far behind.
 */
export async function* watchSessions(
  context: ClientContext,
  { session, signal }: SessionWatch,
): AsyncGenerator<WatchedSessionEvent, void> {
  const access = daemonAccess(context);
  await ensureDaemon(access);
  const watched = session === undefined ? undefined : await sessionStatus(context, session);
  const path = `/v1/events${queryOf({ session: watched?.id })}`;
  for await (const { name, data } of eventStream(access.place, path, { signal })) {
    if (name === 'watching') {
      yield* howThingsStand(context, watched?.id);
      continue;
    }
    // What a newer daemon tells beside is not for this program.
    const event = sessionEventSchema.safeParse(JSON.parse(data));
    if (event.success) yield event.data;
  }
  if (signal.aborted) return;
  throw new CahootsError(
    'closed',
    'The daemon has ended the watch: it ends itself, or could not wait any longer.',
    {
      remedy: 'Watch again, or see what is left: cahoots list',
    },
  );
}

async function* howThingsStand(
  context: ClientContext,
  watched: string | undefined,
): AsyncGenerator<WatchedSessionEvent, void> {
  const sessions =
    watched === undefined
      ? (await listSessions(context)).filter(hasProcess)
      : [await sessionStatus(context, watched)];
  for (const session of sessions) {
    yield { type: 'session:changed', session };
    if (!('prompt' in session.state)) continue;
    const { prompt: running } = session.state;
    const prompts = await promptHistory(context, session.id, { limit: RECENT_PROMPTS });
    const prompt = prompts.find(({ id }) => id === running);
    if (prompt !== undefined) yield { type: 'prompt:changed', prompt };
  }
}

function hasProcess({ state }: ManagedSessionRecord): boolean {
  return !['stopped', 'failed', 'interrupted'].includes(state.state);
}
