import { spawn } from 'node:child_process';
import { request } from 'node:http';
import { parse } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import * as z from 'zod/mini';
import type { DaemonPlace } from '../config/daemon-place.ts';
import { errnoOf } from '../lib/errno.ts';
import { compareVersions } from '../lib/versions.ts';
import { API_NUMBER } from '../protocol/api-number.ts';
import { CahootsError, ERROR_CATALOGUE, type ErrorCode } from '../protocol/errors.ts';

/** How the daemon is reached, and started where none runs. */
export interface DaemonAccess {
  readonly place: DaemonPlace;
  /** The program of the daemon: what Node is to run. */
  readonly program: string;
  /** All variables of the daemon, those that say where the root is among them. */
  readonly env: Readonly<Record<string, string>>;
  readonly version: string;
}

const healthSchema = z.looseObject({
  api: z.int(),
  version: z.string(),
  pid: z.int(),
  running: z.int(),
  watchers: z.optional(z.int()),
});
/** What a daemon says of itself. */
export type DaemonHealth = z.infer<typeof healthSchema>;

const reportSchema = z.looseObject({
  code: z.string(),
  message: z.string(),
  remedy: z.string(),
  facts: z.optional(z.record(z.string(), z.unknown())),
});

const START_MS = 30_000;
const STARTS = 5;
const AFTER_EXIT_MS = 2_000;
const LOOK_MS = 25;
const HEALTH_MS = 5_000;

/** One call of the daemon's API. */
export interface DaemonCall {
  readonly method: 'GET' | 'POST' | 'PUT' | 'DELETE';
  /** With its query. */
  readonly path: string;
  readonly body?: unknown;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Makes one call of the daemon's API. Rejects with the error that the daemon tells, with `daemon-unreachable` when none
 * answers, and with `cancelled` when the signal aborts.
 */
export async function callDaemon(
  { place }: Pick<DaemonAccess, 'place'>,
  { method, path, body, signal }: DaemonCall,
): Promise<unknown> {
  const { status, text } = await exchange(place, { method, path, body, signal });
  const answer: unknown = JSON.parse(text);
  if (status < 400) return answer;
  const report = reportSchema.safeParse(answer);
  if (!report.success) throw new Error(`the daemon answered ${path} with status ${status} and no reason`);
  const { code, message, remedy, facts = {} } = report.data;
  const known = Object.hasOwn(ERROR_CATALOGUE, code) ? (code as ErrorCode) : 'internal';
  throw new CahootsError(
    known,
    message.endsWith(remedy) ? message.slice(0, -remedy.length).trim() : message,
    {
      remedy,
      facts,
    },
  );
}

/** What the daemon says of itself; undefined when none answers. */
export async function daemonHealth({
  place,
}: Pick<DaemonAccess, 'place'>): Promise<DaemonHealth | undefined> {
  try {
    const signal = AbortSignal.timeout(HEALTH_MS);
    const health = healthSchema.safeParse(
      await callDaemon({ place }, { method: 'GET', path: '/v1/health', signal }),
    );
    return health.success ? health.data : undefined;
  } catch (error) {
    if (error instanceof CahootsError) return undefined;
    throw error;
  }
}

/**
 * Sees to it that a daemon answers with which this program can speak: starts one where none runs, and replaces one of
 * an older version that has nothing to do. Rejects with `daemon-version` where that has something to do and its API is
 * another one, or its version is newer and so is its API; and with `daemon-failed` when none comes up within 30 s.
 */
export async function ensureDaemon(access: DaemonAccess): Promise<DaemonHealth> {
  const health = await daemonHealth(access);
  if (health === undefined) return await startDaemon(access);
  if (compareVersions(health.version, access.version) >= 0) return requireSameApi(access, health);
  const { ends } = (await callDaemon(access, {
    method: 'POST',
    path: '/v1/shut-down',
    body: { ifIdle: true },
  })) as { ends?: boolean };
  if (ends === true) {
    await waitUntilGone(access, health.pid);
    return await startDaemon(access);
  }
  return requireSameApi(access, health);
}

function requireSameApi({ version }: DaemonAccess, health: DaemonHealth): DaemonHealth {
  if (health.api === API_NUMBER) return health;
  const isNewer = compareVersions(health.version, version) > 0;
  throw new CahootsError(
    'daemon-version',
    `The daemon is of version ${health.version}, this program of ${version}, and ${health.running} sessions run in it.`,
    {
      remedy: isNewer
        ? 'Update this program; for the plugin: cahoots setup'
        : 'End it when they are done: cahoots daemon stop',
      facts: { daemon: health.version, program: version, running: health.running },
    },
  );
}

async function startDaemon(access: DaemonAccess): Promise<DaemonHealth> {
  const { place } = access;
  const deadline = performance.now() + START_MS;
  for (let attempt = 0; attempt < STARTS; attempt += 1) {
    // One that finds another one there ends at once; when that one does not come up either it is tried again.
    const giveUp = launch(access).then(() => setTimeout(AFTER_EXIT_MS, 'gave up' as const, { ref: false }));
    for (;;) {
      const health = await daemonHealth(access);
      if (health !== undefined) return health;
      if (performance.now() >= deadline) break;
      if ((await Promise.race([giveUp, setTimeout(LOOK_MS)])) === 'gave up') break;
    }
  }
  throw new CahootsError(
    'daemon-failed',
    `The daemon did not answer at ${place.socket} within ${START_MS / 1_000} s.`,
    {
      remedy: `Its log says why: ${place.log}`,
      facts: { socket: place.socket, log: place.log },
    },
  );
}

/** Starts the daemon's program on its own; resolves once it has ended, or could not be started. */
function launch({ program, env, place }: DaemonAccess): Promise<void> {
  // It outlives the folder in which its first caller happens to be.
  const cwd = parse(place.folder).root;
  const child = spawn(process.execPath, [program], { env, cwd, detached: true, stdio: 'ignore' });
  child.unref();
  return new Promise((resolve) => child.once('exit', () => resolve()).once('error', () => resolve()));
}

async function waitUntilGone(access: DaemonAccess, pid: number): Promise<void> {
  const deadline = performance.now() + START_MS;
  while (performance.now() < deadline) {
    if ((await daemonHealth(access))?.pid !== pid) return;
    await setTimeout(LOOK_MS);
  }
}

function exchange(
  { socket }: DaemonPlace,
  {
    method,
    path,
    body,
    signal,
  }: { method: string; path: string; body: unknown; signal: AbortSignal | undefined },
): Promise<{ status: number; text: string }> {
  return new Promise((resolve, reject) => {
    const sent = body === undefined ? undefined : JSON.stringify(body);
    const headers = { ...(sent !== undefined && { 'content-type': 'application/json' }) };
    let isReached = false;
    // A connection of its own: of one that is used again nobody knows whether the other end still is there.
    const options = { socketPath: socket, method, path, headers, signal, agent: false } as const;
    const call = request(options, (response) => {
      let text = '';
      response.setEncoding('utf8').on('data', (piece: string) => (text += piece));
      response.once('end', () => resolve({ status: response.statusCode ?? 500, text }));
      response.once('error', (error) => reject(unreachable(error, isReached)));
    });
    call.once('socket', (connection) => {
      connection.once('connect', () => (isReached = true));
    });
    call.once('error', (error) => reject(unreachable(error, isReached)));
    call.end(sent);
  });

  function unreachable(cause: Error, reached: boolean): CahootsError {
    if (signal?.aborted === true) {
      return new CahootsError('cancelled', 'The call was given up.', { remedy: 'Call again.', cause });
    }
    const why = errnoOf(cause) ?? cause.message;
    return new CahootsError('daemon-unreachable', `No daemon answers at ${socket} (${why}).`, {
      remedy: 'It starts with the next call that needs it; its log is beside it.',
      // Once it was reached it may have done what was asked.
      facts: { socket, reached },
      cause,
    });
  }
}
