import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { resolveConfig } from '../config/config.ts';
import { systemClock } from '../lib/clock.ts';
import { CahootsError } from '../protocol/errors.ts';
import { startTerminal, type Terminal, waitFor } from '../testing/index.ts';
import type { DemoOptions } from './demo.ts';
import { APP_FILES, LIBRARY_FILES, TASK } from './scenario.ts';
import { seatNames } from './seat-names.ts';
import { fileExcerpt, printTimeline, seconds } from './timeline.ts';

export interface LiveDemoOptions extends DemoOptions {
  /** The person's own `claude`. */
  readonly claude: string;
  /** The person's environment, with whatever logs `claude` in. */
  readonly env: Readonly<Record<string, string | undefined>>;
}

const START_MS = 60_000;
const CONVERSATION_MS = 10 * 60_000;
const TASK_OF_LIBRARY =
  'Read the files of this library. Version 2 has just been released: login(user, password) became authenticate({ user, password }) and AuthError became AuthException. A session of an app may ask you about that. Say only that you are ready.';
/** What a session shows while its model works. */
const WORKING = /esc to interrupt/;

/**
 * The conversation of the demo with the person's own login and a real model, in two folders of its own that are removed
 * at the end. What the models say is theirs; the time of each step is printed as in the scripted demo.
 */
export async function runLiveDemo(options: LiveDemoOptions): Promise<void> {
  const { print, signal, version } = options;
  await print(
    'Two sessions of your own Claude Code, with your login: a real model answers, which costs what it costs.',
  );
  const folder = realpathSync(mkdtempSync(join(tmpdir(), 'cahoots-demo-')));
  const root = join(folder, 'mail');
  const sessions: Terminal[] = [];
  try {
    const app = writeProject(join(folder, 'my-app'), APP_FILES);
    const library = writeProject(join(folder, 'my-library'), LIBRARY_FILES);
    for (const cwd of [app, library]) {
      const session = await launch(options, { cwd, root });
      sessions.push(session);
      await untilOpen(session);
    }
    const [asking, answering] = sessions;
    if (asking === undefined || answering === undefined) return;
    const names = await seatNames(root, START_MS);
    await say(answering, TASK_OF_LIBRARY);
    await untilIdle(answering, signal);
    const stop = new AbortController();
    const startMs = Date.now();
    const context = {
      config: resolveConfig({ env: { ...options.env, BRIDGE_DIR: root }, cwd: app }),
      clock: systemClock,
      version,
    };
    const timeline = printTimeline({
      context,
      names,
      startMs,
      print,
      signal: AbortSignal.any([stop.signal, signal]),
    });
    await print(`${seconds(0)}  you to my-app: “${TASK}”`);
    await say(asking, `${TASK} The session my-library knows what changed: ask it.`);
    await untilIdle(asking, signal);
    await print('');
    await print(`${seconds(Date.now() - startMs)}  my-app has finished its turn.`);
    stop.abort();
    await timeline;
    const excerpt = fileExcerpt(
      join(app, 'src', 'sign-in.js'),
      'src/sign-in.js of my-app, as its session left it',
    );
    for (const line of ['', asking.screen(), '', ...excerpt]) await print(line);
  } finally {
    for (const session of sessions) session.hangUp();
    await Promise.all(sessions.map(async (session) => await session.exited));
    rmSync(folder, { recursive: true, force: true });
  }
}

function writeProject(folder: string, files: Readonly<Record<string, string>>): string {
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    writeFileSync(join(folder, name), text);
  }
  return folder;
}

async function launch(
  { claude, env, plugin }: LiveDemoOptions,
  { cwd, root }: { cwd: string; root: string },
): Promise<Terminal> {
  const inherited = Object.entries({ ...env, BRIDGE_DIR: root }).flatMap(([name, value]) =>
    value === undefined || isOfSession(name) ? [] : [[name, value] as const],
  );
  const args = ['--plugin-dir', plugin, '--permission-mode', 'acceptEdits'];
  return await startTerminal({ file: claude, args, cwd, env: Object.fromEntries(inherited) });
}

/** Waits for the prompt. The folder was made by this demo: that it may be trusted is the person's command itself. */
async function untilOpen(session: Terminal): Promise<void> {
  await waitFor(
    () => {
      const screen = session.screen();
      if (/\? for shortcuts|accept edits on/.test(screen)) return true;
      // The dialog takes no key in its first moments, so each is pressed again until it has had its effect.
      if (/trust this folder|do you trust/i.test(screen))
        session.press(/❯[^\n]*Yes/.test(screen) ? 'enter' : 'down');
      return false;
    },
    {
      what: 'the prompt of a session',
      timeoutMs: START_MS,
      intervalMs: 700,
      explain: () => session.screen(),
    },
  );
}

/** The mark of a surrounding session must not make these two look like its children. */
function isOfSession(name: string): boolean {
  return (
    name === 'CLAUDECODE' ||
    name === 'CLAUDE_PID' ||
    name === 'AI_AGENT' ||
    /^CLAUDE_(CODE_(SESSION|CHILD|ENTRYPOINT|MESSAGING|EXECPATH)|PLUGIN|PROJECT_DIR|ENV_FILE)/.test(name)
  );
}

async function say(session: Terminal, text: string): Promise<void> {
  session.type(text);
  await session.waitForScreen((screen) =>
    screen.replace(/\s/g, '').includes(text.replace(/\s/g, '').slice(-20)),
  );
  session.press('enter');
}

/** Waits for the model to begin and then to end its turn, in which it may wait for the other session. */
async function untilIdle(session: Terminal, signal: AbortSignal): Promise<void> {
  let quiet = 0;
  await waitFor(
    () => {
      if (signal.aborted) throw new CahootsError('cancelled', 'The demo was ended.', { remedy: '' });
      quiet = WORKING.test(session.screen()) ? 0 : quiet + 1;
      return quiet >= QUIET_LOOKS;
    },
    {
      what: 'the end of the turn',
      timeoutMs: CONVERSATION_MS,
      intervalMs: 500,
      explain: () => session.screen(),
    },
  );
}

/** An answer that comes later wakes the session again: it counts as at rest after twelve quiet seconds. */
const QUIET_LOOKS = 24;
