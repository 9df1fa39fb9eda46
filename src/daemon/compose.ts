import { existsSync } from 'node:fs';
import type { Agent } from '../agents/agent.ts';
import { ConversationProof } from '../agents/claude-code/live/conversation-proof.ts';
import { claudeCodeAgent } from '../agents/claude-code/managed/claude-code-agent.ts';
import { managedSettings, type ResolvedConfig, resolveConfig } from '../config/config.ts';
import { type DaemonPlace, daemonPlace } from '../config/daemon-place.ts';
import { isProgram, programsOnPath } from '../config/find-program.ts';
import { type ManagedSettings, managedFrom } from '../config/settings.ts';
import type { Environment } from '../config/trusted-environment.ts';
import { daemonHealth } from '../daemon-link/daemon-client.ts';
import { childEnvironment } from '../lib/child-environment.ts';
import { systemClock } from '../lib/clock.ts';
import { openRoot } from '../mailbox/seat-folder.ts';
import { presetJudge, requirePermitted } from '../permissions/preset-judge.ts';
import { CahootsError } from '../protocol/errors.ts';
import type { SessionEvent } from '../supervisor/session-means.ts';
import { Supervisor } from '../supervisor/supervisor.ts';
import { createApp } from './api/app.ts';
import { EventHub } from './api/event-hub.ts';
import { IdleWatch } from './life/idle-watch.ts';
import { type DaemonLog, openLog } from './life/log.ts';
import { listenAt } from './life/server.ts';
import { claimDaemon, type DaemonClaim } from './life/single-instance.ts';
import { startWatchdog } from './life/watchdog.ts';
import { answerLostQuestions } from './mail/lost-questions.ts';
import { SessionMail } from './mail/session-mail.ts';
import { Purge } from './purge/purge.ts';
import { Reviver } from './revive.ts';
import { SearchService } from './search/search-service.ts';
import { seatRegistry } from './seat-registry.ts';
import { openDatabase } from './store/database.ts';
import { SqliteSessionStore } from './store/sqlite-session-store.ts';

export interface DaemonOptions {
  readonly env: Environment;
  readonly cwd: string;
  readonly version: string;
  /** What is run should this process be killed: see {@link accountForTheDead}. */
  readonly afterDeath: readonly string[];
  /** By their kinds; Claude Code where left out. */
  readonly agents?: Readonly<Record<string, Agent>>;
}

/** The daemon while it runs. */
export interface Daemon {
  /** Ends it in order: every session is stopped and kept, nothing of it is left. Idempotent. */
  end(reason: string): Promise<void>;
  /** Notes a fault that nobody foresaw; what runs goes on. */
  fault(error: unknown): void;
  /** Resolves once it has ended, for whatever reason. */
  readonly ended: Promise<void>;
}

/** How long calls that are being answered may take when the daemon ends. */
const LAST_CALLS_MS = 1_000;

/** Becomes the daemon of the mailbox root that the environment names; undefined when there is one already. */
export async function startDaemon(options: DaemonOptions): Promise<Daemon | undefined> {
  const { env, cwd, version } = options;
  const config = resolveConfig({ env, cwd });
  openRoot(config.root);
  const place = daemonPlace(config);
  const isAnswering = async (): Promise<boolean> => (await daemonHealth({ place })) !== undefined;
  const claim = await claimDaemon(place, { version, isAnswering });
  if (claim === undefined) return undefined;
  const log = openLog({ folder: place.folder, file: 'daemon.log' });
  try {
    return await composeDaemon({ ...options, config, place, claim, log });
  } catch (error) {
    log.fault('daemon:failed', error);
    claim.release();
    await log.close();
    throw error;
  }
}

/**
 * Sees to what a killed daemon has left: its sessions are shown as interrupted, and nothing of them goes on running.
 * Nothing where another daemon has taken over, which does so itself.
 */
export async function accountForTheDead(options: DaemonOptions): Promise<void> {
  const { env, cwd, version, agents = { 'claude-code': claudeCodeAgent() } } = options;
  const config = resolveConfig({ env, cwd });
  const place = daemonPlace(config);
  // A daemon that was killed has left it; without it the place is gone, and is not made again.
  if (!existsSync(place.state)) return;
  const isAnswering = async (): Promise<boolean> => (await daemonHealth({ place })) !== undefined;
  const claim = await claimDaemon(place, { version, isAnswering });
  if (claim === undefined) return;
  const { database, close } = openDatabase(place.database, { nowMs: systemClock.now() });
  try {
    const store = new SqliteSessionStore(database);
    const { prompts } = await new Supervisor({
      agents,
      store,
      seats: seatRegistry({ root: config.root, clock: systemClock, version }),
      clock: systemClock,
      judge: () => ({ verdict: 'deny', reason: 'Nothing is started here.' }),
      requirePermitted: () => undefined,
      env: {},
      queueLength: 0,
      onEvent: () => undefined,
    }).recover();
    answerLostQuestions(prompts, { config, clock: systemClock, onFault: () => undefined });
  } finally {
    close();
    claim.release();
  }
}

interface Parts extends DaemonOptions {
  readonly config: ResolvedConfig;
  readonly place: DaemonPlace;
  readonly claim: DaemonClaim;
  readonly log: DaemonLog;
}

async function composeDaemon(parts: Parts): Promise<Daemon> {
  const { config, place, claim, log, version, agents } = parts;
  const clock = systemClock;
  const settings = (): ManagedSettings => settingsOrDefaults(config, log);
  const childEnv = childEnvironment(config.env);
  const { database, setAside, close } = openDatabase(place.database, { nowMs: clock.now() });
  if (setAside !== undefined) log.info('database:set-aside', { as: setAside });
  const store = new SqliteSessionStore(database);
  const events = new EventHub();
  const mail = new SessionMail({
    config,
    clock,
    version,
    accept: (session, prompt) => supervisor.live(session).accept(prompt),
    proof: (path) => new ConversationProof(path),
    asGiven: (session, text) => supervisor.asGiven(session, text),
    onFault: (error) => log.fault('mail:fault', error),
  });
  const judge = presetJudge({ home: config.home, ours: [config.root, config.claudeConfigDir], settings });
  const supervisor = new Supervisor({
    agents: agents ?? {
      'claude-code': claudeCodeAgent({ program: () => claudeProgram(config, settings()) }),
    },
    store,
    seats: seatRegistry({ root: config.root, clock, version }),
    clock,
    judge: (call, session) => {
      mail.noteCall(call, session);
      return judge(call, session);
    },
    requirePermitted: (preset) => requirePermitted(preset, settings()),
    env: childEnv,
    tools: (session) => mail.tools(session),
    queueLength: settings().maxQueuedPrompts,
    onFault: (error) => log.fault('session:fault', error),
    onEvent: (event) => {
      events.tell(event);
      // It writes the state to the seat, which takes milliseconds that a turn would wait for at both ends.
      mail.follow(event);
      noteInLog(log, event);
    },
  });
  const lost = await supervisor.recover();
  answerLostQuestions(lost.prompts, { config, clock, onFault: (error) => log.fault('mail:fault', error) });
  const watchdog = startWatchdog(parts.afterDeath, { env: definedOf(config.env) });
  let ending: Promise<void> | undefined;
  const end = (reason: string): Promise<void> => {
    ending ??= endInOrder(reason);
    return ending;
  };
  const idle = new IdleWatch({
    idleMs: settings().daemonIdleMs,
    isBusy: () => supervisor.running > 0 || events.watchers > 0,
    isOurs: () => claim.isHeld(),
    onIdle: (reason) => void end(reason),
  });
  const search = new SearchService({
    root: config.root,
    path: place.searchIndex,
    database,
    clock,
    keepMs: () => config.limits.keepMs,
    onFault: (error) => log.fault('search:fault', error),
  });
  const purge = new Purge({ root: config.root, database, databasePath: place.database, search, clock });
  const app = createApp({
    supervisor,
    store,
    events,
    reviver: new Reviver({ config, clock, supervisor, settings }),
    search,
    purge,
    version,
    onCall: () => idle.touch(),
    shutDown: () => setImmediate(() => void end('asked to')),
  });
  const server = await listenAt(place, app);
  log.info('daemon:started', { version, root: config.root, lost: lost.sessions.length });
  const ended = Promise.withResolvers<void>();
  return { end, fault: (error) => log.fault('fault', error), ended: ended.promise };

  async function endInOrder(reason: string): Promise<void> {
    log.info('daemon:ending', { reason, running: supervisor.running });
    idle.stop();
    events.close();
    const closed = server.close({ graceMs: LAST_CALLS_MS });
    let isAccountedFor = false;
    // Whatever fails, what comes after it is done, and the process ends.
    await attempt(async () => {
      await supervisor.close();
      isAccountedFor = true;
    });
    await attempt(() => purge.end());
    await attempt(() => search.close());
    await attempt(() => closed);
    await attempt(() => mail.close());
    await attempt(close);
    await attempt(() => claim.release());
    // Sessions of which the end could not be kept are left to who looks after the dead.
    if (isAccountedFor) watchdog.dismiss();
    log.info('daemon:ended', {});
    await log.close();
    ended.resolve();
  }

  async function attempt(step: () => Promise<void> | void): Promise<void> {
    try {
      await step();
    } catch (error) {
      log.fault('daemon:ending', error);
    }
  }
}

/** The user's own `claude`: the one that is set, else the first on the `PATH`; undefined for the Agent SDK's. */
function claudeProgram({ env }: ResolvedConfig, { claudeProgram: set }: ManagedSettings): string | undefined {
  if (set === undefined) return programsOnPath('claude', env)[0];
  if (isProgram(set)) return set;
  throw new CahootsError('agent-missing', `The claude that is set, ${set}, is no program that can be run.`, {
    remedy:
      'Correct "claudeProgram" in the settings.json of the mailbox root, or remove it to use the one on the PATH.',
    facts: { setting: 'claudeProgram', value: set },
  });
}

/** Settings that cannot be read permit nothing beyond the defaults, and end no session. */
function settingsOrDefaults(config: ResolvedConfig, log: DaemonLog): ManagedSettings {
  try {
    return managedSettings(config);
  } catch (error) {
    log.fault('settings:invalid', error);
    return managedFrom({});
  }
}

function noteInLog(log: DaemonLog, event: SessionEvent): void {
  if (event.type !== 'session:changed') return;
  const { id, name, state } = event.session;
  log.info('session:changed', { session: id, name, state: state.state });
}

function definedOf(env: Environment): Record<string, string> {
  return Object.fromEntries(
    Object.entries(env).flatMap(([name, value]) => (value === undefined ? [] : [[name, value]])),
  );
}
