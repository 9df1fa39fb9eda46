import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { ClientContext } from '../client/client-context.ts';
import { startDaemon, stopDaemon } from '../client/machine/daemon-control.ts';
import { awaitPrompt, sendPrompt } from '../client/sessions/prompts.ts';
import { forkSession, sessionStatus, spawnSession } from '../client/sessions/sessions.ts';
import { resolveConfig } from '../config/config.ts';
import { systemClock } from '../lib/clock.ts';
import { CahootsError } from '../protocol/errors.ts';
import type { PromptRecord } from '../protocol/managed-session.ts';
import type { ClaudeBinary, CleanHome, ModelApi } from '../testing/index.ts';
import { seconds } from './timeline.ts';
import { EMPTY_USER, HAPPY_PATH, REVIEW, TESTS, workerScript } from './worker-scenario.ts';

export interface WorkersDemo {
  readonly home: CleanHome;
  readonly binary: ClaudeBinary;
  readonly api: ModelApi;
  readonly app: string;
  readonly library: string;
  readonly version: string;
  readonly print: (line: string) => Promise<void>;
  readonly signal: AbortSignal;
}

const TURN_MS = 60_000;

/**
 * Shows two managed sessions at work: one is corrected in the middle of its turn, the other one may look and change
 * nothing, and is forked. Their daemon is ended afterwards.
 */
export async function demonstrateWorkers(demo: WorkersDemo): Promise<void> {
  const { print } = demo;
  const context = contextOf(demo);
  await startDaemon(context);
  try {
    const startMs = Date.now();
    const say = async (text: string): Promise<void> =>
      await print(`${seconds(Date.now() - startMs)}  ${text}`);
    await Promise.all([
      spawnSession(context, { name: 'tests', cwd: demo.app, limits: { turn: { costUsd: 1 } } }),
      spawnSession(context, { name: 'review', cwd: demo.library, preset: 'review' }),
    ]);
    await say(
      'two managed sessions are started: tests (preset edit, at most $1 a prompt), review (preset review)',
    );
    await steer(context, demo, say);
    await review(context, demo, say);
  } finally {
    await stopDaemon(context, { force: true });
  }
}

type Say = (text: string) => Promise<void>;

async function steer(context: ClientContext, { signal, print }: WorkersDemo, say: Say): Promise<void> {
  await print('');
  const first = await give(context, say, { to: 'tests', text: TESTS });
  await isWorking(context, 'tests', signal);
  const second = await give(context, say, { to: 'tests', text: HAPPY_PATH, interrupt: true });
  const ended = await awaitPrompt(context, first.id, { waitMs: TURN_MS, signal });
  await say(`    the first prompt is ${ended.ended?.outcome ?? 'open'}`);
  await tell(context, say, second, { name: 'tests', signal });
}

async function review(context: ClientContext, { signal, print }: WorkersDemo, say: Say): Promise<void> {
  await print('');
  const asked = await give(context, say, { to: 'review', text: REVIEW });
  await tell(context, say, asked, { name: 'review', signal });
  await print('');
  await forkSession(context, 'review', { name: 'review-b' });
  await say('review is forked: review-b knows what review knows');
  const prompt = await give(context, say, { to: 'review-b', text: EMPTY_USER });
  await tell(context, say, prompt, { name: 'review-b', signal });
}

async function give(
  context: ClientContext,
  say: Say,
  { to, text, interrupt = false }: { to: string; text: string; interrupt?: boolean },
): Promise<PromptRecord> {
  const prompt = await sendPrompt(context, to, { text, from: 'you', interrupt });
  await say(`you to ${to}${interrupt ? ', who is interrupted' : ''}: “${text}”`);
  return prompt;
}

async function tell(
  context: ClientContext,
  say: Say,
  { id }: PromptRecord,
  { name, signal }: { name: string; signal: AbortSignal },
): Promise<void> {
  const { ended, turn } = await awaitPrompt(context, id, { waitMs: TURN_MS, signal });
  for (const { tool, reason } of turn?.denials ?? []) await say(`    ${tool} is denied: ${reason}`);
  const cost = turn === undefined ? '' : `, $${turn.spent.costUsd.toFixed(4)}, ${turn.steps} steps`;
  await say(`    ${ended?.outcome ?? 'open'}${cost}`);
  await say(`${name}: “${turn?.text ?? ''}”`);
}

/** Until then there is nothing to correct. */
async function isWorking(context: ClientContext, name: string, signal: AbortSignal): Promise<void> {
  const deadline = performance.now() + TURN_MS;
  for (;;) {
    if (signal.aborted) throw new CahootsError('cancelled', 'The demo was ended.', { remedy: '' });
    const { state } = await sessionStatus(context, name);
    if (state.state === 'running' || performance.now() >= deadline) return;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

function contextOf({ home, binary, api, app, library, version }: WorkersDemo): ClientContext {
  const model = api.session('workers', ...workerScript({ app, library }));
  const root = join(home.home, '.claude', 'session-bridge');
  mkdirSync(root, { recursive: true, mode: 0o700 });
  writeFileSync(join(root, 'settings.json'), JSON.stringify({ claudeProgram: binary.path }), { mode: 0o600 });
  const env = { ...home.env(), ...model.env, ANTHROPIC_API_KEY: 'none', BRIDGE_DIR: root };
  return { config: resolveConfig({ env, cwd: home.root }), clock: systemClock, version };
}
