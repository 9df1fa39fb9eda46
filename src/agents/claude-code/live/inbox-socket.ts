import { randomUUID } from 'node:crypto';
import { createConnection } from 'node:net';
import type { Wake, WakePath, WakeResult } from '../../wake-path.ts';

export interface InboxSocketOptions {
  /** The host's own inbox socket and the token of its children; undefined when it has none. */
  readonly socket: () => { readonly path: string; readonly token: string | undefined } | undefined;
  /** Whether the host asks the person, in a dialog over the prompt, before it shows what such a sender says. */
  readonly keepsBack?: (fromMode: Wake['fromMode']) => boolean;
}

const TIMEOUT_MS = 2_000;
/** One line of the host's protocol has at most a mebibyte. */
const MAX_LINE_BYTES = 1024 * 1024;
/** The host lets 30 messages through at once and then one in two seconds; the rest it drops without a word. */
const BURST = 24;
const REFILL_PER_SECOND = 0.5;

/**
 * Writes into the inbox socket that Claude Code from 2.1.224 on opens for its session.
 *
 * The host answers nothing on it, and drops lines for another conversation than the one it shows. The attendant is its
 * child, so it may write also while permissions are bypassed.
 */
export function inboxSocket(options: InboxSocketOptions): WakePath {
  const bucket = tokenBucket();
  return {
    path: 'inbox-socket',
    settleMs: 3_000,
    unavailable() {
      if (options.socket() === undefined) return 'this Claude Code has no inbox socket of its own';
      return bucket.available() >= 1 ? undefined : 'the host lets no more messages through just now';
    },
    keepsBack: (fromMode) => options.keepsBack?.(fromMode) ?? false,
    async wake(wake) {
      const socket = options.socket();
      if (socket === undefined) return { ok: false, reason: 'no inbox socket' };
      const lines = linesFor(wake, socket.token);
      if (Buffer.byteLength(lines) > MAX_LINE_BYTES)
        return { ok: false, reason: 'longer than the host reads' };
      if (!bucket.take()) return { ok: false, reason: 'the host lets no more messages through just now' };
      return write(socket.path, lines);
    },
  };
}

function linesFor(wake: Wake, token: string | undefined): string {
  const auth = token === undefined ? [] : [{ type: 'auth', token }];
  const content = `<cross-session-message from="cahoots" from-name="${attribute(wake.fromName)}" from-mode="${wake.fromMode}">\n${wake.text}\n</cross-session-message>`;
  const message = {
    type: 'user',
    message: { role: 'user', content },
    priority: 'next',
    msg_id: randomUUID(),
    session_id: wake.conversation,
  };
  return [...auth, message].map((line) => `${JSON.stringify(line)}\n`).join('');
}

/** A v1 peer's project name may hold anything. */
function attribute(text: string): string {
  return text
    .replace(/[^\p{L}\p{N}._+@ -]/gu, '_')
    .slice(0, 64)
    .toWellFormed();
}

function write(path: string, lines: string): Promise<WakeResult> {
  const { promise, resolve } = Promise.withResolvers<WakeResult>();
  const socket = createConnection(path);
  // Not the socket's own time-out: that one begins anew with every part that the host reads.
  const timer = setTimeout(() => {
    resolve({ ok: false, reason: 'the inbox socket did not take it in time', mayHaveTaken: true });
    socket.destroy();
  }, TIMEOUT_MS);
  socket.once('error', (error) => resolve({ ok: false, reason: error.message }));
  // Not the callback of end(): that one is called also when the text could not be written.
  socket.once('finish', () => resolve({ ok: true }));
  socket.once('close', () => {
    clearTimeout(timer);
    resolve({ ok: false, reason: 'the inbox socket was closed' });
  });
  socket.once('connect', () => socket.end(lines));
  socket.resume();
  return promise;
}

function tokenBucket(): { available(): number; take(): boolean } {
  let tokens = BURST;
  let filledMs = performance.now();
  const refill = (): void => {
    const nowMs = performance.now();
    tokens = Math.min(BURST, tokens + ((nowMs - filledMs) / 1000) * REFILL_PER_SECOND);
    filledMs = nowMs;
  };
  return {
    available() {
      refill();
      return tokens;
    },
    take() {
      refill();
      if (tokens < 1) return false;
      tokens -= 1;
      return true;
    },
  };
}
