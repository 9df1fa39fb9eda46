import * as z from 'zod/mini';
import { CahootsError } from '../../protocol/errors.ts';
import { type PromptOutcome, type PromptRecord, promptRecordSchema } from '../../protocol/managed-session.ts';
import type { ClientContext } from '../client-context.ts';
import { findOwnSeat } from '../seats/own-seat.ts';
import { callSessions, queryOf, sessionPath } from './call-sessions.ts';

/** How far a prompt has come: it waits for its turn, is worked on, or has come to one of its ends. */
export type PromptState = 'queued' | 'running' | PromptOutcome['outcome'];

/** A prompt to be given. */
export interface WantedPrompt {
  readonly text: string;
  /** Who asks: the id of a seat. The seat that the call speaks for where left out, if there is one. */
  readonly from?: string | undefined;
  /** End first what the session does. */
  readonly interrupt?: boolean;
  /** The text is a command of the agent's own, such as `/compact`; without this a text that looks like one is text. */
  readonly command?: boolean;
}

/** How long a prompt is waited for. */
export interface PromptWait {
  /** Infinity for as long as it takes. */
  readonly waitMs: number;
  readonly signal?: AbortSignal;
  /** Called with the prompt as it is, whenever it has been looked at. */
  readonly onLook?: (prompt: PromptRecord) => void;
}

/** Who a prompt is from that no seat gives. */
const COMMAND_LINE = 'command-line';
/** How often a prompt that is waited for is looked at meanwhile. */
const LOOK_MS = 10_000;

/**
 * Gives a session its next prompt; resolves once it is kept. Rejects with `content-empty`, `session-unknown`, with
 * `session-over` when it has no process, with `queue-full`, and of a command with `command-unknown` or `command-denied`.
 */
export async function sendPrompt(
  context: ClientContext,
  session: string,
  { text, from, interrupt = false, command = false }: WantedPrompt,
): Promise<PromptRecord> {
  requirePromptText(text);
  const path = sessionPath(session, '/prompts');
  const body = { text, from: from ?? senderOf(context), interrupt, ...(command && { command }) };
  return await callSessions(context, promptRecordSchema, { method: 'POST', path, body });
}

/**
 * Waits for the end of a prompt, and resolves with it: `ended` says how it ended, and is not there when the time was up.
 * Rejects with `prompt-unknown`, with `cancelled` when the signal aborts, and with `daemon-unreachable` when the daemon
 * goes away; the next call tells then what became of the prompt.
 */
export async function awaitPrompt(
  context: ClientContext,
  id: string,
  { waitMs, signal, onLook }: PromptWait,
): Promise<PromptRecord> {
  const deadline = performance.now() + waitMs;
  for (;;) {
    const leftMs = Math.max(0, deadline - performance.now());
    const query = queryOf({ waitMs: Math.ceil(Math.min(leftMs, LOOK_MS)) });
    const path = `/v1/prompts/${encodeURIComponent(id)}${query}`;
    const prompt = await callSessions(context, promptRecordSchema, { method: 'GET', path, signal });
    onLook?.(prompt);
    if (prompt.ended !== undefined || performance.now() >= deadline) return prompt;
  }
}

/** Gives a prompt and waits for its end: {@link sendPrompt}, then {@link awaitPrompt}. */
export async function askSession(
  context: ClientContext,
  session: string,
  { waitMs, signal, onLook, ...wanted }: WantedPrompt & PromptWait,
): Promise<PromptRecord> {
  const { id } = await sendPrompt(context, session, wanted);
  return await awaitPrompt(context, id, {
    waitMs,
    ...(signal !== undefined && { signal }),
    ...(onLook !== undefined && { onLook }),
  });
}

/** The last prompts of a session, the oldest of them first; at most `limit`, or 100. */
export async function promptHistory(
  context: ClientContext,
  session: string,
  { limit }: { limit?: number | undefined } = {},
): Promise<readonly PromptRecord[]> {
  const path = sessionPath(session, `/prompts${queryOf({ limit })}`);
  return await callSessions(context, z.array(promptRecordSchema), { method: 'GET', path });
}

/** Throws `content-empty` for a text that says nothing. */
export function requirePromptText(text: string): void {
  if (text.trim() !== '') return;
  throw new CahootsError('content-empty', 'The prompt is empty.', { remedy: 'Say what is to be done.' });
}

/** How far a prompt has come. */
export function promptState({ ended, startedAtMs }: PromptRecord): PromptState {
  return ended?.outcome ?? (startedAtMs === undefined ? 'queued' : 'running');
}

function senderOf(context: ClientContext): string {
  try {
    return findOwnSeat(context, { use: 'speak' })?.sessionId ?? COMMAND_LINE;
  } catch (error) {
    // A prompt needs no seat: one that is named and not there is no reason to refuse it.
    if (error instanceof CahootsError && error.code === 'seat-unknown') return COMMAND_LINE;
    throw error;
  }
}
