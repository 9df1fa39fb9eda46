import { McpServer } from '@modelcontextprotocol/server';
import { StdioServerTransport, serveStdio } from '@modelcontextprotocol/server/stdio';
import { version } from '../lib/version.ts';
import { createServer } from '../tools/server.ts';
import { TOOL_LIST } from '../tools/tool-list.ts';
import type { LiveSession } from './compose.ts';
import { WholeLines } from './whole-lines.ts';

let opening: Promise<LiveSession> | undefined;
let opened: LiveSession | undefined;

/** The larger part of this program is loaded once the host has had its answer to the handshake. */
async function session(): Promise<LiveSession> {
  opening ??= open();
  try {
    return await opening;
  } catch (error) {
    // The person may have mended the mailbox root by the next call.
    opening = undefined;
    throw error;
  }
}

async function open(): Promise<LiveSession> {
  const { openSession } = await import('./compose.ts');
  const { env, ppid: claudePid } = process;
  opened = openSession({ env, cwd: process.cwd(), claudePid, version, onFault: report });
  return opened;
}

function report(error: unknown): void {
  process.stderr.write(
    `cahoots: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`,
  );
}

function end(): void {
  try {
    opened?.close();
  } catch (error) {
    report(error);
  }
  process.exit(0);
}

/** What keeps the session from its seat, such as a full disk, may have been mended by the next try. */
async function attend(): Promise<void> {
  try {
    (await session()).start();
  } catch (error) {
    report(error);
    setTimeout(() => void attend(), TRY_AGAIN_MS).unref();
  }
}

function serve(): void {
  // A session that our daemon runs speaks through the daemon.
  const isManaged = process.env['CAHOOTS_MANAGED'] !== undefined;
  serveStdio(
    () =>
      isManaged
        ? new McpServer({ name: 'cahoots', version }, {})
        : createServer({
            session,
            hook: async (input) => await (await session()).hook(input),
            version,
            tools: TOOL_LIST,
          }),
    { onerror: report, transport: transport() },
  );
  for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) process.on(signal, end);
  // A fault that nobody foresaw must not take the session's tools and hooks away.
  for (const fault of ['uncaughtException', 'unhandledRejection'] as const) process.on(fault, report);
  process.stdin.on('end', end).on('close', end);
  // The handshake is a few lines: what is loaded for the session must not stand in their way.
  if (!isManaged && process.env['CLAUDE_CODE_ENTRYPOINT'] === 'cli')
    setTimeout(() => void attend(), HANDSHAKE_MS);
}

/** The protocol's own limit is 10 MiB, and a longer line would end this server: a document that a tool has read is longer. */
function transport(): StdioServerTransport {
  const lines = process.stdin.pipe(new WholeLines());
  return new StdioServerTransport(lines, process.stdout, { maxBufferSize: MAX_LINE_BYTES });
}

const MAX_LINE_BYTES = 512 * 1024 * 1024;
const HANDSHAKE_MS = 50;
const TRY_AGAIN_MS = 10_000;

serve();
