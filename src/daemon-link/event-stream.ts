import { type IncomingMessage, request } from 'node:http';
import type { DaemonPlace } from '../config/daemon-place.ts';
import { errnoOf } from '../lib/errno.ts';
import { CahootsError } from '../protocol/errors.ts';

/** One server-sent event. */
export interface StreamedEvent {
  readonly name: string;
  readonly data: string;
}

/**
 * The events of a stream of the daemon, as they come. Ends when the signal aborts and when the daemon ends the stream.
 * Rejects with `daemon-unreachable` when none answers, and with `closed` when the connection breaks off.
 */
export async function* eventStream(
  { socket }: Pick<DaemonPlace, 'socket'>,
  path: string,
  { signal }: { signal: AbortSignal },
): AsyncGenerator<StreamedEvent, void> {
  const response = await open(socket, { path, signal });
  if (response === undefined) return;
  let rest = '';
  try {
    for await (const piece of response as AsyncIterable<string>) {
      const frames = (rest + piece).split('\n\n');
      rest = frames.pop() ?? '';
      yield* frames.map(eventOf);
    }
  } catch (error) {
    if (signal.aborted) return;
    throw new CahootsError('closed', 'The daemon went away, and what was watched with it.', {
      remedy: 'See what is left: cahoots list',
      cause: error,
    });
  } finally {
    response.destroy();
  }
}

/** The answer, as text to be read; undefined when the signal aborts before it comes. */
async function open(
  socketPath: string,
  { path, signal }: { path: string; signal: AbortSignal },
): Promise<IncomingMessage | undefined> {
  if (signal.aborted) return undefined;
  return await new Promise((resolve, reject) => {
    const call = request({ socketPath, path, signal, headers: { accept: 'text/event-stream' } });
    call.once('response', (response) => {
      response.setEncoding('utf8');
      resolve(response);
    });
    call.on('error', (cause) => {
      if (signal.aborted) return resolve(undefined);
      const why = errnoOf(cause) ?? cause.message;
      const what = `No daemon answers at ${socketPath} (${why}).`;
      const remedy = 'It starts with the next call that needs it; its log is beside it.';
      reject(new CahootsError('daemon-unreachable', what, { remedy, facts: { socket: socketPath }, cause }));
    });
    call.end();
  });
}

function eventOf(frame: string): StreamedEvent {
  const fields = frame.split('\n').map((line) => /^(\w+): ?(.*)$/.exec(line) ?? []);
  const valuesOf = (name: string): string[] =>
    fields.flatMap(([, field, value = '']) => (field === name ? [value] : []));
  return { name: valuesOf('event')[0] ?? 'message', data: valuesOf('data').join('\n') };
}
