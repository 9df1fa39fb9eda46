import { readFileSync } from 'node:fs';
import type { ClientContext } from '../client/client-context.ts';
import { followJournal } from '../client/mail/follow-journal.ts';
import { CahootsError } from '../protocol/errors.ts';

/** What the timeline needs of a journal entry. */
export interface Step {
  readonly at: string;
  readonly state: string;
  readonly message: string;
  readonly from: string;
  readonly to: string;
  readonly type?: string | undefined;
  readonly path?: string | undefined;
  readonly reason?: string | undefined;
  readonly summary?: string | undefined;
}

export interface TimelineOptions {
  readonly context: ClientContext;
  readonly names: ReadonlyMap<string, string>;
  readonly startMs: number;
  readonly print: (line: string) => Promise<void>;
  readonly signal: AbortSignal;
}

const VERBS: Readonly<Record<string, string>> = { query: 'asks', response: 'answers', note: 'tells' };

/** A state as what happened at the receiver. */
const STATES: Readonly<Record<string, string>> = {
  delivered: 'delivered to',
  offered: 'offered to',
  seen: 'proved to be seen by',
  answered: 'answered by',
  held: 'held for the person at',
  refused: 'refused by',
  expired: 'expired at',
};

/** Prints each step of each message as it happens, with the seconds since the start, until the signal aborts. */
export async function printTimeline({
  context,
  names,
  startMs,
  print,
  signal,
}: TimelineOptions): Promise<void> {
  const waiting = new Map<string, Step[]>();
  try {
    await followJournal(context, {
      limit: 0,
      signal,
      onEntries: async (entries) => {
        for (const line of inReadingOrder(entries, waiting).flatMap((entry) =>
          stepLines(entry, { names, startMs }),
        ))
          await print(line);
      },
    });
  } catch (error) {
    if (!(error instanceof CahootsError) || error.code !== 'cancelled') throw error;
  }
}

/** A receiver may note its step before the sender notes that it has sent: such a step waits until then. */
export function inReadingOrder(steps: readonly Step[], waiting: Map<string, Step[]>): Step[] {
  return steps.flatMap((step) => {
    const early = waiting.get(step.message);
    if (step.state === 'accepted') {
      waiting.set(step.message, []);
      return [step, ...(early ?? [])].sort((a, b) => a.at.localeCompare(b.at));
    }
    if (early?.length === 0) return [step];
    waiting.set(step.message, [...(early ?? []), step]);
    return [];
  });
}

/** The lines for one step: what was said when a message is sent, and what became of it after that. */
export function stepLines(
  step: Step,
  { names, startMs }: { names: ReadonlyMap<string, string>; startMs: number },
): string[] {
  const verb = VERBS[step.type ?? ''];
  if (verb === undefined) return [];
  const from = names.get(step.from) ?? step.from;
  const to = names.get(step.to) ?? step.to;
  const time = seconds(Date.parse(step.at) - startMs);
  if (step.state === 'accepted') return ['', `${time}  ${from} ${verb} ${to}: “${step.summary ?? ''}”`];
  const by = step.path === undefined ? '' : ` by ${step.path}`;
  const why = step.reason === undefined ? '' : `: ${step.reason}`;
  return [`${time}      ${STATES[step.state] ?? step.state} ${to}${by}${why}`];
}

/** Seconds with two decimals, in seven columns. */
export function seconds(ms: number): string {
  return `${(ms / 1000).toFixed(2).padStart(6)} s`;
}

/** A file's text between two lines that name it. */
export function fileExcerpt(path: string, title: string): string[] {
  return [
    `── ${title} `,
    ...readFileSync(path, 'utf8')
      .trimEnd()
      .split('\n')
      .map((line) => `   ${line}`),
  ];
}
