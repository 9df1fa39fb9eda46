import { McpServer } from '@modelcontextprotocol/server';
import { serveStdio } from '@modelcontextprotocol/server/stdio';
import { type AttendedSession, composeAttendant } from '../attendant/compose.ts';
import { version } from '../lib/version.ts';
import { createServer } from './server.ts';

let composed: AttendedSession | undefined;

/** The session is looked at when the first call needs it: the handshake with the host waits for nothing. */
function session(): AttendedSession {
  composed ??= composeAttendant({
    env: process.env,
    cwd: process.cwd(),
    claudePid: process.ppid,
    version,
    onFault: report,
  });
  return composed;
}

function report(error: unknown): void {
  process.stderr.write(
    `cahoots: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`,
  );
}

function end(): void {
  try {
    composed?.attendant.close();
  } catch (error) {
    report(error);
  }
  process.exit(0);
}

function serve(): void {
  // A session that our daemon runs speaks through the daemon.
  const isManaged = process.env['CAHOOTS_MANAGED'] !== undefined;
  serveStdio(
    () => (isManaged ? new McpServer({ name: 'cahoots', version }, {}) : createServer({ session, version })),
    { onerror: report },
  );
  for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) process.on(signal, end);
  process.stdin.on('end', end).on('close', end);
  if (isManaged || process.env['CLAUDE_CODE_ENTRYPOINT'] !== 'cli') return;
  setImmediate(() => {
    try {
      session().attendant.start();
    } catch (error) {
      report(error);
    }
  });
}

serve();
