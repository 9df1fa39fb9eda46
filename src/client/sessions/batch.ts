import { asCahootsError, type CahootsError } from '../../protocol/errors.ts';
import type { ManagedSessionRecord, PromptRecord } from '../../protocol/managed-session.ts';
import { cancelled } from '../cancelled.ts';
import type { ClientContext } from '../client-context.ts';
import type { BatchPlan, BatchTask } from './batch-plan.ts';
import { askSession } from './prompts.ts';
import { deleteSession, spawnSession, stopSession } from './sessions.ts';

/** What became of one task. */
export interface BatchResult {
  readonly name: string;
  /** The session as it was left; undefined when there was none. */
  readonly session: ManagedSessionRecord | undefined;
  /** Its prompt; undefined when it could not be given, or its end is not known. */
  readonly prompt: PromptRecord | undefined;
  /** Why there is no session, no prompt, or no end of it. */
  readonly error: CahootsError | undefined;
}

export interface BatchRun {
  readonly signal: AbortSignal;
  /** Remove the sessions that have completed their task. */
  readonly deletes?: boolean;
  /** Called when a task begins, and with its result when it is over. */
  readonly onChange?: (name: string, result: BatchResult | undefined) => void;
}

/**
 * Gives each task of a plan to a session of its own, so many at once, and stops each session when its prompt has ended.
 * Resolves with the results in the order of the plan; never rejects for the sake of one task. When the signal aborts,
 * no further task begins, what runs is stopped, and the rest is `cancelled`.
 */
export async function runBatch(
  context: ClientContext,
  { concurrency, tasks }: BatchPlan,
  { signal, deletes = false, onChange }: BatchRun,
): Promise<readonly BatchResult[]> {
  const results: BatchResult[] = [];
  const waiting = [...tasks.entries()];
  const work = async (): Promise<void> => {
    for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
      const [index, task] = next;
      if (!signal.aborted) onChange?.(task.name, undefined);
      const result = await runTask(context, task, { signal, deletes });
      results[index] = result;
      onChange?.(task.name, result);
    }
  };
  await Promise.all(Array.from({ length: concurrency }, work));
  return results;
}

async function runTask(
  context: ClientContext,
  { prompt: text, limits, ...rest }: BatchTask,
  { signal, deletes }: { signal: AbortSignal; deletes: boolean },
): Promise<BatchResult> {
  let session: ManagedSessionRecord | undefined;
  let prompt: PromptRecord | undefined;
  let error: CahootsError | undefined;
  try {
    if (signal.aborted) throw cancelled();
    // Not given up half-way: what was started has to be known to be stopped.
    session = await spawnSession(context, {
      ...definedOf(rest),
      ...(limits && { limits: definedOf(limits) }),
    });
    prompt = await askSession(context, session.id, { text, waitMs: Number.POSITIVE_INFINITY, signal });
  } catch (thrown) {
    error = asCahootsError(thrown);
  }
  try {
    if (session !== undefined) session = await stopSession(context, session.id);
    if (session !== undefined && deletes && prompt?.ended?.outcome === 'completed') {
      await deleteSession(context, session.id);
    }
  } catch (thrown) {
    error ??= unlessOver(asCahootsError(thrown));
  }
  return { name: rest.name, session, prompt, error };
}

/** A session that has ended by itself need not be stopped. */
function unlessOver(error: CahootsError): CahootsError | undefined {
  return error.code === 'session-over' ? undefined : error;
}

type Defined<T> = { [K in keyof T]: Exclude<T[K], undefined> };

/** The same without the keys whose value is undefined. */
function definedOf<T extends object>(value: T): Defined<T> {
  return Object.fromEntries(Object.entries(value).filter(([, part]) => part !== undefined)) as Defined<T>;
}
