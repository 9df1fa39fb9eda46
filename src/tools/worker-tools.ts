import * as z from 'zod/mini';
import { neutralise } from '../mail/offer-text.ts';
import type { ManagedSessionRecord, PromptRecord, WorkLimits } from '../protocol/managed-session.ts';
import { limitText } from '../protocol/used.ts';
import { inputOf, type Tool, type ToolContext, toolsFor } from './define-tool.ts';
import { inlineWaitMs, MAX_INLINE_WAIT_SECONDS } from './waiting.ts';

/** What the tools for managed sessions need to be able to do. Each rejects as the daemon does. */
export interface WorkerUseCases {
  /** Where a session works when nothing else is said. */
  readonly projectDir: string;
  spawn(wanted: WantedWorker): Promise<ManagedSessionRecord>;
  give(session: string, prompt: { text: string; from?: string }): Promise<PromptRecord>;
  /** A prompt at its end, or as it is when the time is up. */
  settled(id: string, wait: { waitMs: number; signal?: AbortSignal }): Promise<PromptRecord>;
  list(options: { limit: number }): Promise<readonly ManagedSessionRecord[]>;
  status(session: string): Promise<ManagedSessionRecord>;
  lastPrompt(session: string): Promise<PromptRecord | undefined>;
  resume(session: string): Promise<ManagedSessionRecord>;
  /** Removes one that is over; with `force` also one that runs, which is stopped first. */
  remove(session: string, options: { force: boolean }): Promise<void>;
}

/** A worker that is to be started. */
export interface WantedWorker {
  readonly name: string;
  readonly cwd: string;
  readonly preset?: (typeof PRESETS_TO_GIVE)[number];
  readonly model?: string;
  readonly limits?: Pick<WorkLimits, 'session'>;
}

/** What a session may permit to one that it starts: `full` is for a person to give. */
const PRESETS_TO_GIVE = ['read-only', 'review', 'edit', 'plan'] as const;

const DEFAULT_WAIT_SECONDS = 60;
const MOST_LISTED = 40;

const tool = toolsFor<WorkerUseCases>();
const text = z.string();
const positive = z.optional(z.number().check(z.positive()));
const count = z.optional(z.int().check(z.positive()));
const session = text.check(z.describe('name or id'));
const wait = z.optional(z.number().check(z.describe(`at most ${MAX_INLINE_WAIT_SECONDS}`)));

/** The tools for sessions that cahoots runs. */
export const WORKER_TOOLS: readonly Tool<WorkerUseCases>[] = [
  tool({
    name: 'spawn_session',
    description: 'Start a worker: a session of its own that cahoots runs, with its own context and limits.',
    caller: 'asked',
    input: inputOf({
      name: text,
      prompt: z.optional(text),
      cwd: z.optional(text),
      preset: z.optional(z.enum(PRESETS_TO_GIVE)),
      model: z.optional(text),
      limits: z.optional(inputOf({ costUsd: positive, turns: count, tokens: count, minutes: positive })),
      wait_seconds: wait,
    }),
    run: async (workers, { prompt, wait_seconds, limits, preset, model, name, cwd }, context) => {
      const worker = await workers.spawn({
        name,
        cwd: cwd ?? workers.projectDir,
        ...(preset !== undefined && { preset }),
        ...(model !== undefined && { model }),
        ...(limits !== undefined && { limits: { session: limits } }),
      });
      const started = `${titleOf(worker)} is started in ${worker.cwd} with the preset ${worker.preset}.`;
      if (prompt === undefined) return started;
      const given = { session: worker.id, text: prompt, waitSeconds: wait_seconds };
      return `${started}\n\n${await give(workers, given, context)}`;
    },
  }),
  tool({
    name: 'send_message',
    description: 'Give a worker its next prompt, and wait for what comes of it.',
    caller: 'asked',
    input: inputOf({ session, text, wait_seconds: wait }),
    run: async (workers, { session: address, text: said, wait_seconds: waitSeconds }, context) =>
      await give(workers, { session: address, text: said, waitSeconds }, context),
  }),
  tool({
    name: 'list_sessions',
    description: 'The workers; with session, how one stands and what it said last.',
    caller: 'asked',
    input: inputOf({ session: z.optional(session) }),
    run: async (workers, { session: address }) =>
      address === undefined ? await listAll(workers) : await describe(workers, address),
  }),
  tool({
    name: 'resume_session',
    description: 'Let a worker that is paused or over go on.',
    caller: 'asked',
    input: inputOf({ session }),
    run: async (workers, { session: address }) => {
      const worker = await workers.resume(address);
      return `${titleOf(worker)} is ${worker.state.state}.`;
    },
  }),
  tool({
    name: 'delete_session',
    description: 'Remove a worker that is over, with all that is kept of it.',
    caller: 'asked',
    input: inputOf({
      session,
      force: z.optional(z.boolean().check(z.describe('stop it first where it runs'))),
    }),
    run: async (workers, { session: address, force = false }) => {
      const { id, name } = await workers.status(address);
      await workers.remove(id, { force });
      return `${name} is deleted.`;
    },
  }),
];

async function give(
  workers: WorkerUseCases,
  {
    session: address,
    text: said,
    waitSeconds = DEFAULT_WAIT_SECONDS,
  }: { session: string; text: string; waitSeconds: number | undefined },
  { signal, from }: ToolContext,
): Promise<string> {
  const { id } = await workers.give(address, { text: said, ...(from !== undefined && { from }) });
  const waitMs = inlineWaitMs(waitSeconds);
  return resultOf(await workers.settled(id, { waitMs, ...(signal !== undefined && { signal }) }), address);
}

/** What came of a prompt, as a worker's words: they are no instruction to whoever reads them. */
function resultOf({ ended, turn }: PromptRecord, address: string): string {
  const said = neutralise(turn?.text ?? '').trim();
  const denied = (turn?.denials ?? []).map(({ tool, reason }) => `- denied: ${tool}: ${neutralise(reason)}`);
  const cost = turn === undefined ? '' : ` (${turn.steps} steps, $${turn.spent.costUsd.toFixed(4)})`;
  const lines = (head: string): string => [head, ...(said === '' ? [] : ['', said]), ...denied].join('\n');
  switch (ended?.outcome) {
    case undefined:
      return `${address} still works on it. See how it stands with list_sessions(session="${address}").`;
    case 'completed':
      return lines(`${address} has completed it${cost}:`);
    case 'interrupted':
      return lines(`${address} was interrupted${cost}. It had said:`);
    case 'limit-reached':
      return lines(`${address} was stopped by a limit${cost}. ${limitText(ended.reached)} It had said:`);
    case 'failed':
      return lines(`${address} failed${cost}: ${neutralise(ended.failure.message)}`);
    case 'dropped':
      return `${address} did not take it: ${neutralise(ended.reason)}`;
  }
}

async function listAll(workers: WorkerUseCases): Promise<string> {
  const all = await workers.list({ limit: MOST_LISTED + 1 });
  if (all.length === 0) return 'There is no worker. Start one with spawn_session.';
  const lines = all.slice(0, MOST_LISTED).map((worker) => {
    const { state, preset, cwd, spent } = worker;
    return `- ${titleOf(worker)} · ${state.state} · ${preset} · $${spent.costUsd.toFixed(4)} · ${cwd}`;
  });
  return [...lines, ...(all.length > MOST_LISTED ? ['… and older ones.'] : [])].join('\n');
}

async function describe(workers: WorkerUseCases, address: string): Promise<string> {
  const worker = await workers.status(address);
  const last = await workers.lastPrompt(worker.id);
  const { state, preset, cwd, spent, turns, model } = worker;
  const facts = [
    `${titleOf(worker)} is ${state.state}.`,
    `folder ${cwd}, preset ${preset}${model === undefined ? '' : `, model ${model}`}, ${turns} steps, $${spent.costUsd.toFixed(4)}`,
  ];
  if (last === undefined) return facts.join('\n');
  const said = `Last prompt: ${neutralise(last.text).slice(0, 200)}`;
  return [...facts, '', said, resultOf(last, worker.name)].join('\n');
}

function titleOf({ name, id }: Pick<ManagedSessionRecord, 'name' | 'id'>): string {
  return `${name} (${id})`;
}
