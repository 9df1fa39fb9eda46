import { chmodSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import { getRequestListener } from '@hono/node-server';
import type { Hono } from 'hono';
import type { DaemonPlace } from '../../config/daemon-place.ts';
import { removeEntry } from '../../lib/remove-entry.ts';

/** The daemon's door: HTTP over a socket that only its user can open. */
export interface DaemonServer {
  /** Lets calls that are being answered come to their end for `graceMs`, then cuts them off. Idempotent. */
  close(options: { graceMs: number }): Promise<void>;
}

/** Listens at the place, which the caller holds the claim of: a socket that lies there is of nobody any more. */
export async function listenAt({ socket }: DaemonPlace, app: Hono): Promise<DaemonServer> {
  const answer = getRequestListener(app.fetch);
  const server = createServer((request, response) => void answer(request, response));
  if (process.platform !== 'win32') removeEntry(socket);
  await listen(server, socket);
  return { close: ({ graceMs }) => closeWithin(server, graceMs) };
}

async function listen(server: Server, socket: string): Promise<void> {
  // Nobody else may connect, also not between the making of the socket and the change of its mode.
  const before = process.umask(0o177);
  try {
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen(socket, () => {
        server.off('error', reject);
        resolve();
      });
    });
  } finally {
    process.umask(before);
  }
  if (process.platform !== 'win32') chmodSync(socket, 0o600);
}

async function closeWithin(server: Server, graceMs: number): Promise<void> {
  if (!server.listening) return;
  const closed = new Promise<void>((resolve) => server.close(() => resolve()));
  server.closeIdleConnections();
  const timer = setTimeout(() => server.closeAllConnections(), graceMs);
  await closed;
  clearTimeout(timer);
}
