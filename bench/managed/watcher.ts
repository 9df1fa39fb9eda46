import { once } from 'node:events';
import { type ClientRequest, type IncomingMessage, request } from 'node:http';
import { createInterface } from 'node:readline';
import { STAMPED } from './stamps.ts';

/** A client that watches the daemon's events, and when each mark came to it, in monotonic ns. */
export interface Watcher {
  readonly seen: ReadonlyMap<string, bigint>;
  stop(): void;
}

/** Resolves once the daemon has said that it tells what happens. */
export async function startWatcher(socketPath: string): Promise<Watcher> {
  const seen = new Map<string, bigint>();
  const call: ClientRequest = request({ socketPath, path: '/v1/events', agent: false });
  call.end();
  const [response] = (await once(call, 'response')) as [IncomingMessage];
  const lines = createInterface({ input: response });
  let event = '';
  lines.on('line', (line) => {
    if (line.startsWith('event: ')) event = line.slice('event: '.length);
    if (event !== 'agent:acted') return;
    const mark = STAMPED.exec(line)?.[0];
    if (mark !== undefined && !seen.has(mark)) seen.set(mark, process.hrtime.bigint());
  });
  await once(lines, 'line');
  return {
    seen,
    stop() {
      // The end of a stream that is cut off is an error to its reader.
      response.on('error', () => undefined);
      lines.close();
      call.destroy();
    },
  };
}
