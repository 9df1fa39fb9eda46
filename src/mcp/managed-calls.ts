import { neutralise } from '../attendant/offer-text.ts';
import type { ClientContext } from '../client/client-context.ts';
import { awaitPrompt, promptHistory, sendPrompt } from '../client/managed/prompts.ts';
import {
  deleteSession,
  listSessions,
  resumeSession,
  sessionStatus,
  spawnSession,
  stopSession,
} from '../client/managed/sessions.ts';
import type { SeatId } from '../protocol/ids.ts';
import type { ManagedSessionRecord, PromptRecord } from '../protocol/managed-session.ts';
import { limitText } from '../protocol/used.ts';
import * as inputs from './managed-inputs.ts';
import { parseInput } from './parse-input.ts';
import { MAX_INLINE_WAIT_SECONDS } from './tools.ts';

export interface ManagedCall {
  readonly name: string;
  readonly input: unknown;
  readonly signal: AbortSignal | undefined;
  /** The seat that asks; undefined when it has none. */
  readonly from: SeatId | undefined;
}

const DEFAULT_WAIT_SECONDS = 60;
const MOST_LISTED = 40;

/**
 * Does what a tool for managed sessions asks, and returns the text for the model; undefined for a tool that is none of
 * them. Throws {@link CahootsError}.
 */
export async function callManagedTool(
  context: ClientContext,
  { name, input, signal, from }: ManagedCall,
): Promise<string | undefined> {
  switch (name) {
    case 'spawn_session': {
      const { prompt, wait_seconds, limits, preset, model, ...wanted } = parseInput(inputs.spawnInput, input);
      const session = await spawnSession(context, {
        name: wanted.name,
        cwd: wanted.cwd ?? context.config.projectDir,
        ...(preset !== undefined && { preset }),
        ...(model !== undefined && { model }),
        ...(limits !== undefined && { limits: { session: limits } }),
      });
      const started = `${titleOf(session)} is started in ${session.cwd} with the preset ${session.preset}.`;
      if (prompt === undefined) return started;
      const result = await give(context, {
        session: session.id,
        text: prompt,
        waitSeconds: wait_seconds,
        signal,
        from,
      });
      return `${started}\n\n${result}`;
    }
    case 'send_message': {
      const { session, text, wait_seconds } = parseInput(inputs.sendMessageInput, input);
      return await give(context, { session, text, waitSeconds: wait_seconds, signal, from });
    }
    case 'list_sessions': {
      const { session } = parseInput(inputs.listInput, input);
      return session === undefined ? await listAll(context) : await describe(context, session);
    }
    case 'resume_session': {
      const session = await resumeSession(context, parseInput(inputs.sessionInput, input).session);
      return `${titleOf(session)} is ${session.state.state}.`;
    }
    case 'delete_session': {
      const { session } = parseInput(inputs.sessionInput, input);
      const { id, state, name: known } = await sessionStatus(context, session);
      if (!OVER.has(state.state)) await stopSession(context, id);
      await deleteSession(context, id);
      return `${known} is deleted.`;
    }
    default:
      return undefined;
  }
}

const OVER: ReadonlySet<string> = new Set(['stopped', 'failed', 'interrupted']);

async function give(
  context: ClientContext,
  {
    session,
    text,
    waitSeconds = DEFAULT_WAIT_SECONDS,
    signal,
    from,
  }: {
    session: string;
    text: string;
    waitSeconds: number | undefined;
    signal: AbortSignal | undefined;
    from: SeatId | undefined;
  },
): Promise<string> {
  const { id } = await sendPrompt(context, session, { text, ...(from !== undefined && { from }) });
  const waitMs = Math.max(0, Math.min(waitSeconds, MAX_INLINE_WAIT_SECONDS)) * 1_000;
  const prompt = await awaitPrompt(context, id, { waitMs, ...(signal !== undefined && { signal }) });
  return resultOf(prompt, session);
}

/** What came of a prompt, as a worker's words: they are no instruction to whoever reads them. */
function resultOf({ ended, turn }: PromptRecord, session: string): string {
  const said = neutralise(turn?.text ?? '').trim();
  const denied = (turn?.denials ?? []).map(({ tool, reason }) => `- denied: ${tool}: ${neutralise(reason)}`);
  const cost = turn === undefined ? '' : ` (${turn.steps} steps, $${turn.spent.costUsd.toFixed(4)})`;
  const lines = (head: string): string => [head, ...(said === '' ? [] : ['', said]), ...denied].join('\n');
  switch (ended?.outcome) {
    case undefined:
      return `${session} still works on it. See how it stands with list_sessions(session="${session}").`;
    case 'completed':
      return lines(`${session} has completed it${cost}:`);
    case 'interrupted':
      return lines(`${session} was interrupted${cost}. It had said:`);
    case 'limit-reached':
      return lines(`${session} was stopped by a limit${cost}. ${limitText(ended.reached)} It had said:`);
    case 'failed':
      return lines(`${session} failed${cost}: ${neutralise(ended.failure.message)}`);
    case 'dropped':
      return `${session} did not take it: ${neutralise(ended.reason)}`;
  }
}

async function listAll(context: ClientContext): Promise<string> {
  const sessions = await listSessions(context, { limit: MOST_LISTED + 1 });
  if (sessions.length === 0) return 'There is no worker. Start one with spawn_session.';
  const lines = sessions.slice(0, MOST_LISTED).map((session) => {
    const { state, preset, cwd, spent } = session;
    return `- ${titleOf(session)} · ${state.state} · ${preset} · $${spent.costUsd.toFixed(4)} · ${cwd}`;
  });
  return [...lines, ...(sessions.length > MOST_LISTED ? ['… and older ones.'] : [])].join('\n');
}

async function describe(context: ClientContext, address: string): Promise<string> {
  const session = await sessionStatus(context, address);
  const [last] = await promptHistory(context, session.id, { limit: 1 });
  const { state, preset, cwd, spent, turns, model } = session;
  const facts = [
    `${titleOf(session)} is ${state.state}.`,
    `folder ${cwd}, preset ${preset}${model === undefined ? '' : `, model ${model}`}, ${turns} steps, $${spent.costUsd.toFixed(4)}`,
  ];
  return last === undefined
    ? facts.join('\n')
    : [
        ...facts,
        '',
        `Last prompt: ${neutralise(last.text).slice(0, 200)}`,
        resultOf(last, session.name),
      ].join('\n');
}

function titleOf({ name, id }: Pick<ManagedSessionRecord, 'name' | 'id'>): string {
  return `${name} (${id})`;
}
