import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { resolveConfig } from '../config/config.ts';
import { systemClock } from '../lib/clock.ts';
import { allSeatFolders } from '../mailbox/all-seats.ts';
import { CahootsError } from '../protocol/errors.ts';
import {
  type ClaudeBinary,
  type CleanHome,
  claudeBinary,
  createCleanHome,
  type InteractiveClaude,
  type ModelSession,
  startInteractiveClaude,
  startModelApi,
  waitFor,
} from '../testing/index.ts';
import { APP_FILES, appScript, LIBRARY_FILES, libraryScript, TASK } from './scenario.ts';
import { seatNames } from './seat-names.ts';
import { fileExcerpt, printTimeline, seconds } from './timeline.ts';
import { demonstrateWorkers } from './workers.ts';

export interface DemoOptions {
  /** Where the plugin of this package is. */
  readonly plugin: string;
  readonly version: string;
  readonly print: (line: string) => Promise<void>;
  readonly signal: AbortSignal;
}

const START_MS = 40_000;
const CONVERSATION_MS = 60_000;

/**
 * Lets two real `claude` sessions hold a conversation in front of a person: an app's session asks a library's session
 * what broke, is asked back, gets the answer and goes on with its task. Then two managed sessions show how they are
 * corrected, held to their presets, and forked. The model is scripted and local: no key, no
 * network, a home of its own that is removed at the end. Each step is printed with its time.
 */
export async function runDemo({ plugin, version, print, signal }: DemoOptions): Promise<void> {
  const binary = findBinary();
  await print(
    `Two real Claude Code ${binary.version} sessions; a scripted model on this machine, so no key and no cost.`,
  );
  const api = await startModelApi();
  const home = createCleanHome();
  const sessions: InteractiveClaude[] = [];
  try {
    const library = home.project('my-library', LIBRARY_FILES);
    const app = home.project('my-app', APP_FILES);
    const signIn = join(app, 'src', 'sign-in.js');
    const appModel = api.session('my-app', ...appScript(signIn));
    const libraryModel = api.session('my-library', ...libraryScript());
    const launch = { home, binary, plugin };
    sessions.push(
      ...(await Promise.all([
        start({ ...launch, cwd: app, model: appModel }),
        start({ ...launch, cwd: library, model: libraryModel }),
      ])),
    );
    const names = await seatNames(join(home.home, '.claude', 'session-bridge'), START_MS);
    await print(
      `Both are open: ${[...names].map(([id, name]) => `${name} (${id})`).join(' and ')}. my-library is idle.`,
    );
    const stop = new AbortController();
    const startMs = Date.now();
    const context = { config: resolveConfig({ env: home.env(), cwd: app }), clock: systemClock, version };
    const timeline = printTimeline({
      context,
      names,
      startMs,
      print,
      signal: AbortSignal.any([stop.signal, signal]),
    });
    await print('');
    await print(`${seconds(0)}  you to my-app: “${TASK}”`);
    await sessions[0]?.submit(TASK);
    await finished(sessions[0], signal);
    await print('');
    await print(`${seconds(Date.now() - startMs)}  my-app has finished its task.`);
    // The proof of the last answer is read from the conversation's record, a moment after the screen shows it.
    await waitFor(() => appModel.turns.at(-1)?.outcome === 'answered', { what: 'the last turn' });
    await settled(home);
    stop.abort();
    await timeline;
    for (const line of ['', ...fileExcerpt(signIn, 'src/sign-in.js of my-app, as its session left it'), ''])
      await print(line);
    await Promise.all(sessions.splice(0).map(async (session) => await session.stop()));
    await demonstrateWorkers({ home, binary, api, app, library, version, print, signal });
  } finally {
    await Promise.all(sessions.map(async (session) => await session.stop()));
    await home.dispose();
    await api.close();
  }
}

function findBinary(): ClaudeBinary {
  try {
    return claudeBinary();
  } catch (error) {
    throw new CahootsError('host-missing', 'The demo found no claude binary to run.', {
      remedy:
        'Run it in a clone of the project (npm ci && npm run demo), or install @anthropic-ai/claude-agent-sdk, @lydell/node-pty and @xterm/headless beside cahoots.',
      cause: error,
    });
  }
}

interface Start {
  readonly home: CleanHome;
  readonly binary: ClaudeBinary;
  readonly plugin: string;
  readonly cwd: string;
  readonly model: ModelSession;
}

async function start({ home, binary, plugin, cwd, model }: Start): Promise<InteractiveClaude> {
  const claude = await startInteractiveClaude({
    home,
    binary,
    cwd,
    model,
    pluginDirs: [plugin],
    permissionMode: 'acceptEdits',
    debug: false,
  });
  await claude.waitUntilReady({ timeoutMs: START_MS });
  return claude;
}

async function finished(app: InteractiveClaude | undefined, signal: AbortSignal): Promise<void> {
  await waitFor(
    () => {
      if (signal.aborted) throw new CahootsError('cancelled', 'The demo was ended.', { remedy: '' });
      return app?.screen().includes('Done: src/sign-in.js') === true;
    },
    { what: 'the end of the task in my-app', timeoutMs: CONVERSATION_MS, explain: () => app?.screen() ?? '' },
  );
}

/** Nothing is claimed any more: every message has been proved to be seen. */
async function settled(home: CleanHome): Promise<void> {
  const root = join(home.home, '.claude', 'session-bridge');
  const isSettled = (): boolean =>
    allSeatFolders(root).every(({ claimed }) => readdirSync(claimed).length === 0);
  await waitFor(isSettled, { what: 'the proof of the last message', timeoutMs: 5_000 });
}
