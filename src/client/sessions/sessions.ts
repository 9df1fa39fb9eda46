import * as z from 'zod/mini';
import {
  type Allowance,
  type ManagedSessionRecord,
  managedSessionSchema,
} from '../../protocol/managed-session.ts';
import type { Preset } from '../../protocol/preset.ts';
import type { ClientContext } from '../client-context.ts';
import { callSessions, queryOf, sessionPath } from './call-sessions.ts';

const sessions = z.array(managedSessionSchema);

/** The limits of a new session; what is left out is not limited. */
export interface WantedLimits {
  /** For all of its life. */
  readonly session?: Allowance;
  /** For each prompt. */
  readonly turn?: Allowance;
}

/** How a new session is to be. */
export interface WantedSession {
  readonly name: string;
  /** The folder that it works in, absolute. */
  readonly cwd: string;
  /** What it may do; `edit` where left out. */
  readonly preset?: Preset;
  readonly limits?: WantedLimits;
  /** The agent’s own default where left out. */
  readonly model?: string;
  /** Added to the agent’s own system prompt. */
  readonly system?: string;
  /** The kind of coding agent; `claude-code` where left out. */
  readonly agent?: string;
}

/** A past conversation of the agent that becomes a managed session. */
export interface WantedConversation extends Omit<WantedSession, 'cwd'> {
  /** Its id, a UUID. */
  readonly conversation: string;
  /** Begin with a copy of it, and leave it as it is. */
  readonly fork?: boolean;
  /** The folder that it was held in where left out. */
  readonly cwd?: string;
}

/**
 * Starts a session; resolves once it takes prompts. Rejects with `name-invalid`, `name-taken`, `folder-missing`,
 * `preset-not-allowed`, `agent-missing` or `agent-start-failed`, and then nothing is left of it.
 */
export async function spawnSession(
  context: ClientContext,
  wanted: WantedSession,
): Promise<ManagedSessionRecord> {
  return await spawn(context, wanted);
}

/**
 * Makes a managed session of a conversation that was held before, by whomever. Rejects like {@link spawnSession}, with
 * `conversation-unknown`, and with `conversation-live` where it is going on and no copy is wanted.
 */
export async function resumeConversation(
  context: ClientContext,
  { conversation, fork = false, ...wanted }: WantedConversation,
): Promise<ManagedSessionRecord> {
  return await spawn(context, { ...wanted, resume: { from: conversation, fork } });
}

/** The managed sessions, the last changed first; at most `limit`, or 1,000. */
export async function listSessions(
  context: ClientContext,
  { limit }: { limit?: number | undefined } = {},
): Promise<readonly ManagedSessionRecord[]> {
  return await callSessions(context, sessions, { method: 'GET', path: `/v1/sessions${queryOf({ limit })}` });
}

/** A session as it is now, by its id or name. Rejects with `session-unknown`, as all that follow. */
export async function sessionStatus(context: ClientContext, session: string): Promise<ManagedSessionRecord> {
  return await callSessions(context, managedSessionSchema, { method: 'GET', path: sessionPath(session) });
}

/** Ends the turn that a session is in; resolves once it is over. Rejects with `session-over`. */
export async function interruptSession(
  context: ClientContext,
  session: string,
): Promise<ManagedSessionRecord> {
  return await steer(context, session, 'interrupt');
}

/** Lets a session finish its turn and then take no further prompt. Rejects with `session-over`, `session-state`. */
export async function pauseSession(context: ClientContext, session: string): Promise<ManagedSessionRecord> {
  return await steer(context, session, 'pause');
}

/**
 * Lets a paused session go on, or starts one that is over again in its conversation. Rejects with `session-state`, and with
 * `conversation-live` where that has gone on elsewhere.
 */
export async function resumeSession(context: ClientContext, session: string): Promise<ManagedSessionRecord> {
  return await steer(context, session, 'resume');
}

/** Ends a session in order, and keeps what is known of it; resolves once nothing runs. Rejects with `session-over`. */
export async function stopSession(context: ClientContext, session: string): Promise<ManagedSessionRecord> {
  return await steer(context, session, 'stop');
}

/** Ends a session at once. Otherwise like {@link stopSession}. */
export async function killSession(context: ClientContext, session: string): Promise<ManagedSessionRecord> {
  return await steer(context, session, 'kill');
}

/** Starts a session in a copy of another one’s conversation, with the rest as that one has it. */
export async function forkSession(
  context: ClientContext,
  session: string,
  { name }: { name: string },
): Promise<ManagedSessionRecord> {
  const path = sessionPath(session, '/fork');
  return await callSessions(context, managedSessionSchema, { method: 'POST', path, body: { name } });
}

/** Changes the model from the next step on; the agent’s own default where it is undefined. Rejects with `session-over`. */
export async function setSessionModel(
  context: ClientContext,
  session: string,
  { model }: { model: string | undefined },
): Promise<ManagedSessionRecord> {
  const path = sessionPath(session, '/model');
  const body = { model: model ?? null };
  return await callSessions(context, managedSessionSchema, { method: 'PUT', path, body });
}

/** Removes a session that is over, with everything that is kept of it. Rejects with `session-state` while it runs. */
export async function deleteSession(
  context: ClientContext,
  session: string,
  { force = false }: { force?: boolean } = {},
): Promise<void> {
  const path = sessionPath(session, force ? queryOf({ force: 'true' }) : '');
  await callSessions(context, z.object({}), { method: 'DELETE', path });
}

/** Removes the sessions that are over and have not changed for so long; resolves with those that it removed. */
export async function cleanUpSessions(
  context: ClientContext,
  { olderThanMs }: { olderThanMs: number },
): Promise<readonly ManagedSessionRecord[]> {
  const path = '/v1/sessions/clean-up';
  return await callSessions(context, sessions, { method: 'POST', path, body: { olderThanMs } });
}

async function spawn(
  context: ClientContext,
  {
    limits = {},
    ...wanted
  }: Omit<WantedSession, 'cwd'> & { cwd?: string; resume?: { from: string; fork: boolean } },
): Promise<ManagedSessionRecord> {
  const { session = {}, turn = {} } = limits;
  const body = { ...wanted, limits: { session, turn } };
  return await callSessions(context, managedSessionSchema, { method: 'POST', path: '/v1/sessions', body });
}

async function steer(
  context: ClientContext,
  session: string,
  verb: 'interrupt' | 'pause' | 'resume' | 'stop' | 'kill',
): Promise<ManagedSessionRecord> {
  const path = sessionPath(session, `/${verb}`);
  return await callSessions(context, managedSessionSchema, { method: 'POST', path });
}
